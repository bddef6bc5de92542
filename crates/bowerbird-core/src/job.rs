//! Work beside a stream: what a connector offers for jobs of a kind. The pipeline takes the jobs, and whatever posts come of them enter by the
//! front door.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use crate::bill::Charge;
use crate::frame::Frame;
use crate::store::{Job, JobEnd, JobLease};

/// How jobs of a kind are done for one source.
pub struct JobHandler {
    /// Which: `hydrate`.
    pub kind: &'static str,
    /// How many may come in one call.
    pub most: usize,
    /// Does some jobs.
    ///
    /// # Contract
    /// - Jobs come at least once: doing one again must be harmless.
    /// - One call at a time; it is dropped when the program stops, or when it takes longer than [`JOB_CALL_FOR`](crate::pipeline::JOB_CALL_FOR).
    /// - It never sleeps to back off: a job that must wait ends as [`JobEnd::Later`].
    pub handle: HandleJobs,
}

/// Does some jobs; see [`JobHandler::handle`].
pub type HandleJobs = Box<dyn Fn(Vec<Job>) -> Handling + Send + Sync>;

/// Jobs being done.
pub type Handling = Pin<Box<dyn Future<Output = Handled> + Send>>;

/// What came of some jobs.
#[derive(Debug, Clone, Default)]
pub struct Handled {
    /// What they brought, as frames of the source: durable before any job ends. Posts among them go on the bill at the source's price for
    /// posts.
    pub frames: Vec<Frame>,
    /// What else the calls cost.
    pub charges: Vec<Charge>,
    /// How each ended; one that is not named is tried again.
    pub ends: Vec<(JobLease, JobEnd)>,
}

impl fmt::Debug for JobHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobHandler")
            .field("kind", &self.kind)
            .field("most", &self.most)
            .finish_non_exhaustive()
    }
}
