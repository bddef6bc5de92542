//! Asking a service how many posts a rule would have brought. Each question costs, so it is asked only when a person asks.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bowerbird_rules::Rule;
use serde::{Deserialize, Serialize};

use crate::ids::SourceName;
use crate::time::Time;

/// Posts that a service counted in a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CountedSpan {
    /// Its beginning.
    pub from: Time,
    /// Its end.
    pub until: Time,
    /// How many.
    pub posts: u64,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct NotCounted {
    /// In words.
    pub reason: String,
    /// Does the service take money for the question all the same?
    pub is_charged: bool,
}

/// A service's answer.
pub type Answering = Pin<Box<dyn Future<Output = Result<Vec<CountedSpan>, NotCounted>> + Send>>;

type Questions = dyn Fn(&Rule) -> Result<Vec<String>, String> + Send + Sync;
type Ask = dyn Fn(String) -> Answering + Send + Sync;

/// Asks one source's service. Connectors make it; whoever asks pays, and puts it on the bill.
#[derive(Clone)]
pub struct Counter {
    /// The source.
    pub source: SourceName,
    questions: Arc<Questions>,
    ask: Arc<Ask>,
}

impl Counter {
    /// `questions` gives what must be asked for a rule, and `ask` asks one of it.
    pub fn new(
        source: SourceName,
        questions: impl Fn(&Rule) -> Result<Vec<String>, String> + Send + Sync + 'static,
        ask: impl Fn(String) -> Answering + Send + Sync + 'static,
    ) -> Self {
        Self {
            source,
            questions: Arc::new(questions),
            ask: Arc::new(ask),
        }
    }

    /// What must be asked to learn how many posts a rule would bring: what several of them count is counted more than once. An error says why the service
    /// can't be asked. Asks nothing.
    pub fn questions(&self, rule: &Rule) -> Result<Vec<String>, String> {
        (self.questions)(rule)
    }

    /// Asks one question: the spans of the last days in order of time.
    pub async fn ask(&self, question: String) -> Result<Vec<CountedSpan>, NotCounted> {
        (self.ask)(question).await
    }
}

impl fmt::Debug for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Counter({})", self.source)
    }
}
