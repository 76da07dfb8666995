//! The trace, for the developers of this package and for bug reports: one span per step of an update.

use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::prelude::*;

/// The environment variable that holds a tracing filter: `trace`, `node_hmr=debug`, …
const VARIABLE: &str = "HMR_LOG";

/// Prints spans to stderr when `HMR_LOG` asks. The first environment that loads the addon decides for the process:
/// the variable and stderr belong to the process as well.
pub fn start_if_asked() {
    let Some(filter) = asked().and_then(|filter| filter.parse::<Targets>().ok()) else {
        return;
    };
    let spans = tracing_subscriber::fmt::layer()
        .with_span_events(FmtSpan::CLOSE)
        .with_writer(std::io::stderr)
        .with_ansi(false);
    let subscriber = tracing_subscriber::registry().with(spans.with_filter(filter));
    // A second load of the addon finds the subscriber of the first.
    drop(tracing::subscriber::set_global_default(subscriber));
}

/// Whether `HMR_LOG` is set, so that stacks are shown with all their frames.
pub fn shows_everything() -> bool {
    asked().is_some()
}

fn asked() -> Option<String> {
    std::env::var(VARIABLE).ok().filter(|filter| !filter.is_empty())
}
