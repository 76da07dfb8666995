//! Watches of files that were loaded before: many at once, and no change since the load is lost.

use std::path::Path;
use std::time::Instant;

use super::hub::Hub;
use super::stamp::Stamp;
use super::{WatchError, WatchKey, WatchOptions};

/// A file that its user has loaded.
#[derive(Clone, Copy, Debug)]
pub struct LoadedFile<'a> {
    /// The absolute path of the file.
    pub path: &'a Path,
    /// What the file looked like before its user loaded it. `None`: the file as it is now counts as loaded.
    pub seen: Option<Stamp>,
}

impl Hub {
    /// Watches files, which need not exist. A file that differs from `seen` will be due, even if it changed long ago.
    ///
    /// If a folder cannot be read, there is a notice, and its files are polled.
    pub fn watch_loaded(
        &self,
        files: &[LoadedFile<'_>],
        options: &WatchOptions,
    ) -> Result<Vec<WatchKey>, WatchError> {
        let stamp = |file: &LoadedFile<'_>| match file.seen {
            Some(seen) if options.only_content => seen.with_content_of_same(file.path),
            Some(seen) => seen,
            None if options.only_content => Stamp::with_content(file.path),
            None => Stamp::at_first_sight(file.path),
        };
        let stamps: Vec<Stamp> = files.iter().map(stamp).collect();
        let mut guarded = self.shared.state.lock();
        if guarded.shut_down {
            return Err(WatchError::ShutDown);
        }
        self.begin(&mut guarded)?;
        let now = Instant::now();
        let both = files.iter().zip(stamps);
        let keys = both
            .map(|(file, stamp)| guarded.state.add(now, file.path, options.bounded(), stamp))
            .collect();
        self.shared.follow_up(guarded);
        Ok(keys)
    }
}
