//! Runs a program without the command, for tests.

use std::path::{Path, PathBuf};

use crate::es::{self, Engine};
use crate::js::{Call, Cx, Held, JsResult, MethodSpec, Value, spawn};

/// `hotProgram(path)` runs an entry on the engine, `hotUpdate(changed, again)` evaluates files again.
pub const FUNCTIONS: [MethodSpec; 2] = [("hotProgram", 1, hot_program), ("hotUpdate", 2, hot_update)];

fn hot_program<'s>(call: &Call<'s>) -> JsResult<'s> {
    let engine = Engine::of(call.js)?;
    engine.hook_require(call.js)?;
    engine.run_main(call.js, Path::new(&call.arg(0).display()))
}

/// Evaluates the files of `again`, then those of `changed`, as one stage that is committed if nothing throws.
fn hot_update<'s>(call: &Call<'s>) -> JsResult<'s> {
    let paths = |list: Value<'s>| -> JsResult<'s, Vec<PathBuf>> {
        Ok(list
            .items()?
            .into_iter()
            .map(|path| path.display().into())
            .collect())
    };
    let (changed, again) = (paths(call.arg(0))?, paths(call.arg(1))?);
    let cx = Cx::new(call.js);
    spawn(call.js, async move {
        let (stage, order) = cx.attempt(|js| {
            let engine = Engine::of(js)?;
            let mut units = Vec::new();
            for read in engine.read(&changed).into_iter().filter(|read| read.is_new) {
                let unit = read.unit.map_err(|error| engine.source_error(js, &error))?;
                units.push((read.module, unit));
            }
            let again = again.iter().filter_map(|path| engine.find_file(path));
            let mut order: Vec<_> = again.map(|record| record.id).collect();
            order.extend(units.iter().map(|(id, _)| *id));
            Ok((engine.prepare(js, &units, &order)?, order))
        })?;
        let result = es::evaluate(&cx, &stage, &order).await;
        cx.attempt(|js| {
            let engine = Engine::of(js)?;
            match &result {
                Ok(()) => match engine.commit(js, &stage) {
                    Ok(_) => Ok(()),
                    Err(thrown) => engine.discard(js, &stage).and(Err(thrown)),
                },
                Err(_) => engine.discard(js, &stage),
            }
        })?;
        result.map(|()| Held::undefined())
    })
}
