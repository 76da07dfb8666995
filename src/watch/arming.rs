//! Keeps the OS's watches in step with the folders that routes go through.

use std::collections::{HashMap, HashSet};
use std::io;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::backend::{BackendError, Scope, WatchBackend};
use super::mounts::{Identity, Mounts, identity};
use super::notice::Notice;
use super::route::{Point, Route, Routes};

/// How often a route may change under our eyes before we poll instead.
const ATTEMPTS: u32 = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Events,
    /// Changes by this machine are reported, those by others are not.
    EventsHere,
    /// The OS would not watch it.
    Unwatched,
}

#[derive(Clone, Copy, Debug)]
struct Armed {
    mode: Mode,
    /// What the path led to before it was armed.
    identity: Option<Identity>,
}

/// Why a path is polled although nobody asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PollCause {
    NoEvents,
    /// Its mount went away, and nothing tells when it comes back.
    Unmounted,
    /// Worth another try later.
    Unwatched,
}

#[derive(Debug)]
pub struct Attached {
    pub route: Route,
    pub poll: Option<PollCause>,
}

#[derive(Debug)]
pub struct Unreadable {
    pub folder: PathBuf,
    pub cause: io::Error,
}

type Connector = Box<dyn Fn() -> Result<Box<dyn WatchBackend>, BackendError>>;

pub struct Arming {
    connect: Connector,
    backend: Option<Box<dyn WatchBackend>>,
    armed: HashMap<Arc<Path>, Armed>,
    /// Armed since the last `tidy`.
    unverified: Vec<Arc<Path>>,
    /// Folders above armed ones, with the number of armed or counted folders directly below.
    ancestors: HashMap<PathBuf, usize>,
    routes: Routes,
    mounts: Mounts,
    notices: Vec<Notice>,
}

enum Outcome {
    AsBefore,
    Fresh,
    Vanished,
}

impl Arming {
    pub fn new(connect: impl Fn() -> Result<Box<dyn WatchBackend>, BackendError> + 'static) -> Self {
        Self {
            connect: Box::new(connect),
            backend: None,
            armed: HashMap::new(),
            unverified: Vec::new(),
            ancestors: HashMap::new(),
            routes: Routes::default(),
            mounts: Mounts::default(),
            notices: Vec::new(),
        }
    }

    pub fn take_notices(&mut self) -> Vec<Notice> {
        mem::take(&mut self.notices)
    }

    pub fn tells_finished_writes(&self) -> bool {
        self.backend
            .as_ref()
            .is_some_and(|backend| backend.tells_finished_writes())
    }

    /// Arms every folder on the way to this path. Changes after this returned will be reported.
    pub fn attach(&mut self, path: &Path) -> Result<Attached, Unreadable> {
        let mut strays = HashSet::new();
        let mut attached = None;
        for _ in 0..ATTEMPTS {
            let route = self.routes.find(path);
            match self.arm_all(&route, &mut strays) {
                Ok(Outcome::AsBefore) => {
                    attached = Some(route);
                    break;
                }
                // The way may have changed before its watches were there.
                Ok(Outcome::Fresh | Outcome::Vanished) => self.routes.forget(path),
                Err(error) => {
                    self.routes.forget_all();
                    for stray in strays {
                        self.disarm(&stray);
                    }
                    return Err(error);
                }
            }
        }
        let in_time = attached.is_some();
        let route = attached.unwrap_or_else(|| self.routes.find(path));
        for point in &route {
            strays.remove(&point.folder);
        }
        for stray in strays {
            self.disarm(&stray);
        }
        let poll = route.iter().filter_map(|point| self.poll_cause(point)).max();
        Ok(Attached {
            route,
            poll: if in_time { poll } else { Some(PollCause::Unwatched) },
        })
    }

    fn poll_cause(&self, point: &Point) -> Option<PollCause> {
        match self.armed.get(&point.folder).map(|armed| armed.mode) {
            Some(Mode::Events) => None,
            Some(Mode::EventsHere) => Some(PollCause::NoEvents),
            Some(Mode::Unwatched) | None => Some(PollCause::Unwatched),
        }
    }

    fn arm_all(&mut self, route: &Route, fresh: &mut HashSet<Arc<Path>>) -> Result<Outcome, Unreadable> {
        let mut outcome = Outcome::AsBefore;
        for point in route {
            if self.armed.contains_key(&point.folder) {
                continue;
            }
            let identity = identity(&point.folder);
            let Some(mode) = self.arm(&point.folder, identity)? else {
                return Ok(Outcome::Vanished);
            };
            self.armed
                .insert(Arc::clone(&point.folder), Armed { mode, identity });
            self.unverified.push(Arc::clone(&point.folder));
            fresh.insert(Arc::clone(&point.folder));
            outcome = Outcome::Fresh;
        }
        Ok(outcome)
    }

    /// `None`: there is no such folder any more.
    fn arm(&mut self, folder: &Path, identity: Option<Identity>) -> Result<Option<Mode>, Unreadable> {
        let watched = match self.backend() {
            Ok(backend) => backend.watch(folder, Scope::Entries),
            Err(error) => Err(error),
        };
        match watched {
            Ok(()) => {}
            Err(BackendError::Missing) => return Ok(None),
            Err(BackendError::Other(cause)) => {
                return Err(Unreadable {
                    folder: folder.to_owned(),
                    cause,
                });
            }
            Err(BackendError::WatchLimit) => {
                self.notices.push(Notice::watch_limit());
                return Ok(Some(Mode::Unwatched));
            }
            Err(BackendError::InstanceLimit) => {
                self.notices.push(Notice::instance_limit());
                return Ok(Some(Mode::Unwatched));
            }
        }
        self.retain_ancestors(folder);
        let reports = identity.is_none_or(|id| self.mounts.without_events(folder, id.device).is_none());
        Ok(Some(if reports { Mode::Events } else { Mode::EventsHere }))
    }

    pub fn tell(&mut self, notice: Notice) {
        self.notices.push(notice);
    }

    /// Names the mounts that are the reason to poll a file behind this route.
    pub fn tell_mounts_without_events(&mut self, route: &Route) {
        for point in route {
            if let Some(id) = identity(&point.folder)
                && let Some(mount) = self.mounts.without_events(&point.folder, id.device)
            {
                self.notices.push(Notice::NoEvents {
                    mount: mount.at.clone(),
                    kind: mount.kind.clone(),
                });
            }
        }
    }

    fn backend(&mut self) -> Result<&mut dyn WatchBackend, BackendError> {
        let backend = match self.backend.take() {
            Some(backend) => backend,
            None => (self.connect)()?,
        };
        Ok(self.backend.insert(backend).as_mut())
    }

    /// A move of a folder is told to those who watch the folder itself, not to those who watch
    /// something below: without these, a watch would go on reporting under the old name.
    fn retain_ancestors(&mut self, folder: &Path) {
        for ancestor in named_ancestors(folder) {
            if let Some(users) = self.ancestors.get_mut(ancestor) {
                *users += 1;
                return;
            }
            self.ancestors.insert(ancestor.to_owned(), 1);
            if let Some(backend) = &mut self.backend
                && let Err(error) = backend.watch(ancestor, Scope::Itself)
            {
                self.on_ancestor_error(&error);
            }
        }
    }

    fn on_ancestor_error(&mut self, error: &BackendError) {
        tracing::debug!(%error, "a move of a folder above a watched one would go unseen");
        if matches!(error, BackendError::WatchLimit) {
            self.notices.push(Notice::watch_limit());
        }
    }

    fn release_ancestors(&mut self, folder: &Path) {
        for ancestor in named_ancestors(folder) {
            let Some(users) = self.ancestors.get_mut(ancestor) else {
                return;
            };
            *users -= 1;
            if *users > 0 {
                return;
            }
            self.ancestors.remove(ancestor);
            if let Some(backend) = &mut self.backend {
                backend.unwatch(ancestor, Scope::Itself);
            }
        }
    }

    /// Returns which folder it was that was armed at this path.
    pub fn disarm(&mut self, folder: &Path) -> Option<Identity> {
        // A way is remembered only as long as changes on it would be reported.
        self.routes.forget_all();
        let armed = self.armed.remove(folder)?;
        match armed.mode {
            Mode::Events | Mode::EventsHere => {
                if let Some(backend) = &mut self.backend {
                    backend.unwatch(folder, Scope::Entries);
                }
                self.release_ancestors(folder);
            }
            Mode::Unwatched => {}
        }
        armed.identity
    }

    /// Whether this folder is armed and can still be read, so that the OS goes on to tell of it.
    pub fn is_in_place(&self, folder: &Path) -> bool {
        let armed = self.armed.get(folder);
        armed.is_some_and(|armed| armed.mode != Mode::Unwatched && armed.identity == identity(folder))
            && self
                .backend
                .as_ref()
                .is_some_and(|backend| backend.can_watch(folder))
    }

    /// Whether one of these folders, armed until now, was on another file system than the folder above
    /// it in which the route ends: the one that it was on is not mounted any more.
    pub fn ends_below_a_mount(&self, route: &Route, disarmed: &[(Arc<Path>, Identity)]) -> bool {
        let Some(end) = route.last() else {
            return false;
        };
        let Some(here) = self.armed.get(&end.folder).and_then(|armed| armed.identity) else {
            return false;
        };
        let mut below = disarmed
            .iter()
            .filter(|(folder, _)| folder.starts_with(&end.folder));
        below.any(|(_, there)| there.device != here.device)
    }

    /// Disarms the folders that nobody uses, and does what was put off to save round trips. Returns
    /// the armed folders that were replaced before a move of their ancestors would have been told, or
    /// that one of these would not be told of, as it was away for a moment.
    pub fn tidy(&mut self, used: &HashSet<Arc<Path>>) -> Vec<PathBuf> {
        let unused = self.armed.keys().filter(|folder| !used.contains(*folder));
        for folder in unused.map(Arc::clone).collect::<Vec<_>>() {
            self.disarm(&folder);
        }
        let mut missed_one_above = false;
        if let Some(backend) = &mut self.backend
            && let Err(error) = backend.flush()
        {
            missed_one_above = matches!(error, BackendError::Missing);
            self.on_ancestor_error(&error);
        }
        let mut replaced = mem::take(&mut self.unverified);
        replaced.retain(|folder| {
            let armed = self.armed.get(folder);
            armed.is_some_and(|armed| missed_one_above || armed.identity != identity(folder))
        });
        replaced.iter().map(|folder| folder.to_path_buf()).collect()
    }

    /// Folders may have moved, links may lead elsewhere.
    pub fn forget_ways(&mut self) {
        self.routes.forget_all();
        self.mounts.forget();
    }

    /// The folders to try again when a limit may have been raised.
    pub fn disarm_unwatched(&mut self) {
        self.armed.retain(|_, armed| armed.mode != Mode::Unwatched);
    }
}

/// Nearest first, without the root, which cannot move.
fn named_ancestors(folder: &Path) -> impl Iterator<Item = &Path> {
    folder
        .ancestors()
        .skip(1)
        .filter(|ancestor| ancestor.parent().is_some())
}
