//! ES modules, TypeScript and CommonJS of hot programs: read, compiled, resolved, linked and evaluated.
pub mod compile;
pub mod resolve;
