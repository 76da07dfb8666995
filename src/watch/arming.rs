//! Keeps the OS's watches in step with the folders on the routes. To *arm* a folder is to have the OS watch it.

use std::collections::{HashMap, HashSet};
use std::io;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::backend::{BackendError, Scope, WatchBackend};
use super::mounts::{Identity, Mounts, identity};
use super::notice::Notice;
use super::route::{Point, Route, Routes};

/// How often a route may change while we arm it; after that we poll.
const ATTEMPTS: u32 = 16;

/// What the OS reports of an armed folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coverage {
    /// All changes.
    Events,
    /// Changes by this machine, but none by other machines that share the file system.
    EventsHere,
    /// Nothing: the OS refused to watch the folder.
    Unwatched,
}

/// An armed folder.
#[derive(Clone, Copy, Debug)]
struct Armed {
    /// What the OS reports of it.
    coverage: Coverage,
    /// The folder that the path led to just before it was armed.
    identity: Option<Identity>,
}

/// Why a path is polled although the user did not ask for polling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PollCause {
    /// The file system does not report changes by other machines.
    NoEvents,
    /// The file's mount went away, and nothing will tell us when it comes back.
    Unmounted,
    /// The OS refused to watch a folder; we try again later.
    Unwatched,
}

/// A path whose folders are armed.
#[derive(Debug)]
pub struct Attached {
    /// The route of the path.
    pub route: Route,
    /// Why the path has to be polled as well, if it has to be.
    pub poll: Option<PollCause>,
}

/// A folder that we may not read, so that the OS does not watch it.
#[derive(Debug)]
pub struct Unreadable {
    /// The folder.
    pub folder: PathBuf,
    /// The error of the OS.
    pub cause: io::Error,
}

/// Opens a new backend.
type Connector = Box<dyn Fn() -> Result<Box<dyn WatchBackend>, BackendError>>;

/// The armed folders of one hub.
pub struct Arming {
    /// Opens the backend, if it is not open.
    connect: Connector,
    /// The backend, if it is open.
    backend: Option<Box<dyn WatchBackend>>,
    /// The armed folders by path.
    armed: HashMap<Arc<Path>, Armed>,
    /// The folders that were armed since the last `tidy`.
    unverified: Vec<Arc<Path>>,
    /// The folders above armed ones, each with the number of folders directly below it that are armed or in this map.
    ancestors: HashMap<PathBuf, usize>,
    /// Finds the routes of paths.
    routes: Routes,
    /// Knows which file systems report no events.
    mounts: Mounts,
    /// Notices for the user that the hub has not taken yet.
    notices: Vec<Notice>,
}

/// What arming the folders of a route did.
enum RouteState {
    /// All folders were armed before.
    AsBefore,
    /// Some folder was armed now, so the route may have changed before its watch was there.
    Fresh,
    /// Some folder is gone.
    Vanished,
}

impl Arming {
    /// Arms nothing yet. Without a backend, `connect` opens one at the first need.
    pub fn new(
        connect: impl Fn() -> Result<Box<dyn WatchBackend>, BackendError> + 'static,
        backend: Option<Box<dyn WatchBackend>>,
    ) -> Self {
        Self {
            connect: Box::new(connect),
            backend,
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

    /// Arms every folder on the route of this path. The OS reports changes from the moment this returns.
    pub fn attach(&mut self, path: &Path) -> Result<Attached, Unreadable> {
        let mut strays = HashSet::new();
        let mut attached = None;
        for _ in 0..ATTEMPTS {
            let route = self.routes.find(path);
            match self.arm_all(&route, &mut strays) {
                Ok(RouteState::AsBefore) => {
                    attached = Some(route);
                    break;
                }
                // The route may have changed before its watches were there, so find it again.
                Ok(RouteState::Fresh | RouteState::Vanished) => self.routes.forget(path),
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
        match self.armed.get(&point.folder).map(|armed| armed.coverage) {
            Some(Coverage::Events) => None,
            Some(Coverage::EventsHere) => Some(PollCause::NoEvents),
            Some(Coverage::Unwatched) | None => Some(PollCause::Unwatched),
        }
    }

    fn arm_all(&mut self, route: &Route, fresh: &mut HashSet<Arc<Path>>) -> Result<RouteState, Unreadable> {
        let mut state = RouteState::AsBefore;
        for point in route {
            if self.armed.contains_key(&point.folder) {
                continue;
            }
            let identity = identity(&point.folder);
            let Some(coverage) = self.arm(&point.folder, identity)? else {
                return Ok(RouteState::Vanished);
            };
            self.armed
                .insert(Arc::clone(&point.folder), Armed { coverage, identity });
            self.unverified.push(Arc::clone(&point.folder));
            fresh.insert(Arc::clone(&point.folder));
            state = RouteState::Fresh;
        }
        Ok(state)
    }

    /// Arms one folder. `None` if it is gone.
    fn arm(&mut self, folder: &Path, identity: Option<Identity>) -> Result<Option<Coverage>, Unreadable> {
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
                return Ok(Some(Coverage::Unwatched));
            }
            Err(BackendError::InstanceLimit) => {
                self.notices.push(Notice::instance_limit());
                return Ok(Some(Coverage::Unwatched));
            }
        }
        self.retain_ancestors(folder);
        let reports = identity.is_none_or(|id| self.mounts.without_events(folder, id.device).is_none());
        Ok(Some(if reports {
            Coverage::Events
        } else {
            Coverage::EventsHere
        }))
    }

    pub fn tell(&mut self, notice: Notice) {
        self.notices.push(notice);
    }

    /// Adds a notice for each mount on this route that reports no events.
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

    /// Watches the folders above an armed one for moves. The OS reports the move of a folder only to watches of that folder
    /// itself; without these, a watch below would go on reporting under the old name.
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

    /// Disarms a folder, and returns the identity of the folder that was armed at this path.
    pub fn disarm(&mut self, folder: &Path) -> Option<Identity> {
        // A remembered route holds only as long as the OS reports changes on it.
        self.routes.forget_all();
        let armed = self.armed.remove(folder)?;
        match armed.coverage {
            Coverage::Events | Coverage::EventsHere => {
                if let Some(backend) = &mut self.backend {
                    backend.unwatch(folder, Scope::Entries);
                }
                self.release_ancestors(folder);
            }
            Coverage::Unwatched => {}
        }
        armed.identity
    }

    /// Whether this folder is armed, is still the same one and can be read, so that the OS goes on reporting.
    pub fn is_in_place(&self, folder: &Path) -> bool {
        let armed = self.armed.get(folder);
        armed.is_some_and(|armed| armed.coverage != Coverage::Unwatched && armed.identity == identity(folder))
            && self
                .backend
                .as_ref()
                .is_some_and(|backend| backend.can_watch(folder))
    }

    /// Whether the route now ends above a mount that went away: one of the disarmed folders below its end was on another
    /// file system.
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

    /// Disarms the folders that are not in `used`, and sends the requests that the backend batched.
    ///
    /// Returns folders that have to be armed again: other folders took their place before the OS watched their ancestors, or
    /// an ancestor could not be watched because it was gone for a moment.
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

    /// Forgets routes and mounts: folders may have moved, and links may lead elsewhere.
    pub fn forget_ways(&mut self) {
        self.routes.forget_all();
        self.mounts.forget();
    }

    /// Forgets the folders that the OS refused to watch, so that they are tried again: the limit may have been raised.
    pub fn disarm_unwatched(&mut self) {
        self.armed
            .retain(|_, armed| armed.coverage != Coverage::Unwatched);
    }
}

/// The folders above this one, the nearest first, without the root, which cannot move.
fn named_ancestors(folder: &Path) -> impl Iterator<Item = &Path> {
    folder
        .ancestors()
        .skip(1)
        .filter(|ancestor| ancestor.parent().is_some())
}
