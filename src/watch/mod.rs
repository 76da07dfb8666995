//! From the events of the OS to due file changes.
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WatchKey(u64);
#[derive(Clone, Copy, Debug, Default)]
pub enum Polling {
    #[default]
    Auto,
}
#[derive(Clone, Debug, Default)]
pub struct WatchOptions {
    pub only_content: bool,
    pub polling: Polling,
    pub debounce: Option<Duration>,
}
pub struct Due {
    pub key: WatchKey,
    pub settled: bool,
    pub missing: bool,
}
pub struct Notice;
impl fmt::Display for Notice {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}
pub struct Hub;
impl Hub {
    pub fn new(_wake: Box<dyn Fn() + Send + Sync>) -> Result<Arc<Self>, String> {
        Ok(Arc::new(Self))
    }
    pub fn watch(&self, _: &Path, _: &WatchOptions) -> Result<WatchKey, String> {
        Ok(WatchKey(0))
    }
    pub fn unwatch(&self, _: WatchKey) {}
    pub fn take_due(&self) -> Vec<Due> {
        vec![]
    }
    pub fn take_notices(&self) -> Vec<Notice> {
        vec![]
    }
    pub fn shutdown(&self) {}
}
