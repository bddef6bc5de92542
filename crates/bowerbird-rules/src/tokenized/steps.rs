//! In tests, how many tokens of posts were looked at while rules were checked: so that a test can say how much that is, whatever time it takes.

#[cfg(not(test))]
#[inline(always)]
pub(super) fn count() {}

#[cfg(test)]
pub(super) fn count() {
    STEPS.with(|steps| steps.set(steps.get() + 1));
}

#[cfg(test)]
thread_local! {
    static STEPS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// How many there were on this thread since this was last asked.
#[cfg(test)]
pub(crate) fn taken() -> usize {
    STEPS.take()
}
