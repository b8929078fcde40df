//! What must hold whenever a page is done with an input.

use crate::ledger::Broken;
use crate::world::World;

impl World {
    /// What must hold whenever a page has done all that its engine answered.
    pub(super) fn audit(&mut self, page: usize) {
        let it = &self.pages[page];
        let (queued, sent) = (it.engine.queued().0, it.engine.unacknowledged());
        if queued + sent != it.held_up {
            let held = it.held_up;
            let what = format!(
                "page {page}: {held} messages without an end, but {queued} queued and {sent} unacknowledged"
            );
            self.fail(Broken::new("D1", what));
            return;
        }
        let (messages, bytes) = it.in_flight;
        if messages > it.window.0.max(1) || (messages > 1 && bytes > u64::from(it.window.1)) {
            let what = format!(
                "page {page}: {messages} messages and {bytes} bytes unacknowledged in a window of {:?}",
                it.window
            );
            self.fail(Broken::new("S6", what));
            return;
        }
        let queue = &self.plan.tuning.client.queue;
        if queue.enabled
            && !it.keep.persists
            && queued > queue.max_messages + sent.max(it.window.0.min(10_000))
        {
            self.fail(Broken::new(
                "S6",
                format!("page {page}: {queued} messages queued"),
            ));
        }
    }
}
