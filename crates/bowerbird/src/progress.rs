//! A progress bar on standard error, where that is a terminal.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::Output;

/// How often it is drawn anew.
const EVERY: Duration = Duration::from_millis(200);

/// How far something is: bytes done, and all of them where known.
pub(crate) type HowFar = Arc<dyn Fn() -> (u64, Option<u64>) + Send + Sync>;

/// A bar that is drawn until it is finished.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    drawing: tokio::task::JoinHandle<()>,
}

impl Progress {
    /// Begins to draw; nothing, where nobody watches or a program reads.
    pub(crate) fn start(how_far: HowFar, output: &Output) -> Self {
        let hidden = output.json || !std::io::stderr().is_terminal();
        let target = if hidden {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let bar = ProgressBar::with_draw_target(None, target);
        let with_length =
            "{elapsed_precise} [{bar:40}] {bytes}/{total_bytes} {bytes_per_sec} {eta} left";
        let without = "{elapsed_precise} {spinner} {bytes} {bytes_per_sec}";
        let template = if how_far().1.is_some() {
            with_length
        } else {
            without
        };
        bar.set_style(
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        let drawn = bar.clone();
        let drawing = tokio::spawn(async move {
            loop {
                let (done, all) = how_far();
                if let Some(all) = all {
                    drawn.set_length(all);
                }
                drawn.set_position(done);
                drawn.tick();
                tokio::time::sleep(EVERY).await;
            }
        });
        Self { bar, drawing }
    }

    /// Takes it away.
    pub(crate) fn finish(self) {
        self.drawing.abort();
        self.bar.finish_and_clear();
    }
}
