//! Watches that begin after their files were loaded: many at once, none of them late.

use std::path::Path;
use std::time::Instant;

use super::hub::Hub;
use super::stamp::Stamp;
use super::{WatchError, WatchKey, WatchOptions, thread};

/// A file that its user has loaded.
#[derive(Clone, Copy, Debug)]
pub struct LoadedFile<'a> {
    pub path: &'a Path,
    /// What it looked like before that. Without it, it is taken to be loaded as it is now.
    pub seen: Option<Stamp>,
}

impl Hub {
    /// Watches files that need not exist. What differs from what was seen will be due, also if it changed long ago.
    ///
    /// A folder that cannot be read is told of in a notice, and its files are polled.
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
        if guarded.state.is_idle() {
            thread::start(&self.shared, &mut guarded).map_err(WatchError::NoThread)?;
        }
        let now = Instant::now();
        let both = files.iter().zip(stamps);
        let keys = both
            .map(|(file, stamp)| guarded.state.add(now, file.path, options.bounded(), stamp))
            .collect();
        self.shared.follow_up(guarded);
        Ok(keys)
    }
}
