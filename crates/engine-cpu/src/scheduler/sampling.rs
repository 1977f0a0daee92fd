//! Chooses the next tokens of a step, the sequences divided among the workers.
#![expect(unsafe_code, reason = "each worker takes its own sequences and rows of logits")]

use super::Sequence;
use crate::{
    forward::Forward,
    shared_buffer::SharedBuffer,
    workers::{Crew, CrewBroken},
};

/// Gives every sequence whose tokens are all computed its next one.
pub(super) fn choose(
    running: &mut [Sequence],
    forward: &Forward,
    crew: &Crew,
) -> Result<(), CrewBroken> {
    let mut first_row = 0;
    let asking = running.iter_mut().filter(|one| one.asks).map(|sequence| {
        let rows = first_row..first_row + sequence.rows();
        first_row = rows.end;
        (sequence, rows)
    });
    let asking = SharedBuffer::from_values(asking);
    let logits = forward.logits();
    let choose = |index: usize| {
        // SAFETY: every index is taken once, by one worker; the rows of logits are in the order
        // of the sequences that ask, and the forward pass is over.
        let (sequence, rows) = unsafe { asking.slot(index) };
        let vocabulary = sequence.served.model.config().vocabulary;
        let values = rows.start * vocabulary..rows.end * vocabulary;
        // SAFETY: as above.
        sequence.choose(unsafe { logits.write(values) });
    };
    if asking.len() < 2 {
        (0..asking.len()).for_each(choose);
        return Ok(());
    }
    crew.run(&|worker| (worker.index..asking.len()).step_by(worker.count).for_each(&choose))
}
