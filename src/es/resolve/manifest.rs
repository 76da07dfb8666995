//! Yarn's Plug'n'Play: which folder a package is in.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::RwLock;

use super::Resolver;
use super::error::ResolveError;

/// The manifests (`.pnp.cjs`) that were read, by their path.
#[derive(Default)]
pub struct Manifests(RwLock<HashMap<PathBuf, Option<Arc<pnp::Manifest>>>>);

impl Manifests {
    fn of(&self, file: &Path) -> Option<Arc<pnp::Manifest>> {
        let path = pnp::find_closest_pnp_manifest_path(file)?;
        if let Some(manifest) = self.0.read().get(&path) {
            return manifest.clone();
        }
        let manifest = pnp::load_pnp_manifest(&path).ok().map(Arc::new);
        self.0.write().insert(path, manifest.clone());
        manifest
    }

    pub fn forget(&self) {
        self.0.write().clear();
    }
}

impl Resolver {
    /// The package's folder, if a manifest governs the importing file.
    pub(super) fn by_manifest(&self, name: &str, importer: &Path) -> Result<Option<PathBuf>, ResolveError> {
        let Some(manifest) = self
            .manifests
            .as_ref()
            .and_then(|manifests| manifests.of(importer))
        else {
            return Ok(None);
        };
        match pnp::resolve_to_unqualified_via_manifest(&manifest, name, importer) {
            Ok(pnp::Resolution::Resolved(folder, _)) => Ok(Some(folder)),
            Ok(pnp::Resolution::Skipped) => Ok(None),
            // Plug'n'Play has messages of its own for missing packages.
            Err(error) => Err(ResolveError::new("MODULE_NOT_FOUND", error.to_string())),
        }
    }
}
