//! Functions that lowered code calls. Those of an ES module stand outside of the module's function, where no name of the
//! user's hides the globals that they use; those of CommonJS stand before the text, as Node makes the function around it.

/// The helpers that the code needs.
#[derive(Default)]
pub struct Helpers {
    /// The helpers that are used, in order of first use.
    used: Vec<Helper>,
}

/// A helper function.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Helper {
    /// TypeScript's `__decorate`.
    Decorate,
    /// TypeScript's `__param`.
    Parameter,
    /// TypeScript's `__metadata`.
    Metadata,
    /// A stack of resources, for `using`.
    Using,
}

impl Helper {
    fn name(self) -> &'static str {
        match self {
            Self::Decorate => "Decorate",
            Self::Parameter => "Param",
            Self::Metadata => "Meta",
            Self::Using => "Using",
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::Decorate => {
                "(decorators,target,key,desc)=>{const isClass=key===undefined;\
                let r=isClass?target:desc===null?desc=Object.getOwnPropertyDescriptor(target,key):desc;\
                const withDesc=!isClass;\
                if(typeof Reflect===\"object\"&&typeof Reflect.decorate===\"function\")\
                r=isClass?Reflect.decorate(decorators,target):Reflect.decorate(decorators,target,key,desc);\
                else for(let i=decorators.length-1;i>=0;i--){const d=decorators[i];\
                if(d)r=(isClass?d(r):d(target,key,r))||r}\
                if(withDesc&&r)Object.defineProperty(target,key,r);return r}"
            }
            Self::Parameter => "(index,decorator)=>(target,key)=>{decorator(target,key,index)}",
            Self::Metadata => {
                "(key,value)=>{if(typeof Reflect===\"object\"&&typeof Reflect.metadata===\"function\")\
                return Reflect.metadata(key,value)}"
            }
            Self::Using => {
                "()=>{const stack=[];let error,failed=false;const fail=thrown=>{if(failed){\
                const suppressed=error;\
                error=typeof SuppressedError===\"function\"?new SuppressedError(thrown,suppressed):Object.assign(new Error(\"An error was suppressed during disposal.\"),{\
                name:\"SuppressedError\",error:thrown,suppressed})}else{error=thrown;failed=true}};\
                return{add(value,isAwait){if(value===null||value===undefined){\
                if(isAwait)stack.push([undefined,undefined,true]);return value}\
                if(typeof value!==\"object\"&&typeof value!==\"function\")throw new TypeError(\"The value of a using declaration must be an object, null or undefined.\");\
                let dispose=isAwait?value[Symbol.asyncDispose]:undefined;\
                if(dispose===undefined||dispose===null)dispose=value[Symbol.dispose];\
                if(typeof dispose!==\"function\")throw new TypeError(\"The value of a using declaration must have a dispose method.\");\
                stack.push([value,dispose,isAwait]);return value},fail,end(){while(stack.length){\
                const[value,dispose]=stack.pop();try{dispose.call(value)}catch(thrown){fail(thrown)}\
                }if(failed)throw error},async endAsync(){while(stack.length){\
                const[value,dispose,isAwait]=stack.pop();try{const result=dispose?.call(value);\
                if(isAwait)await result}catch(thrown){fail(thrown)}}if(failed)throw error}}}"
            }
        }
    }
}

impl Helpers {
    /// The name of a helper. From now on the code includes the helper.
    pub fn name(&mut self, env: &str, helper: Helper) -> String {
        if !self.used.contains(&helper) {
            self.used.push(helper);
        }
        format!("{env}{}", helper.name())
    }

    /// Whether no helper is used.
    pub fn is_empty(&self) -> bool {
        self.used.is_empty()
    }

    /// `($Decorate,$Meta)=>`.
    pub fn parameters(&self, env: &str) -> String {
        let names: Vec<String> = self.used.iter().map(|it| format!("{env}{}", it.name())).collect();
        format!("({})=>", names.join(","))
    }

    /// `(…,…)`: the helpers themselves.
    pub fn arguments(&self) -> String {
        let codes: Vec<&str> = self.used.iter().map(|it| it.code()).collect();
        format!("({})", codes.join(","))
    }

    /// `const $Decorate=…;`: the helpers for CommonJS, which Node wraps in a function of its own.
    pub fn declarations(&self, env: &str) -> String {
        self.used
            .iter()
            .map(|it| format!("const {env}{}={};", it.name(), it.code()))
            .collect()
    }
}
