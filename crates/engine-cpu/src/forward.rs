//! The forward pass: a batch of tokens of several sequences through the whole model at once.
//!
//! All workers run [`pass::Pass::run`] on shared buffers. A small batch is split by the rows of
//! each matrix, so that the weights are read once by all workers together; a large one by its
//! tokens, so that a worker carries its tokens through a whole block without waiting.

mod adapted;
mod attention;
mod experts;
mod pass;
mod plan;
mod steps;
mod workspace;

use cpu_kernels::Path;

use self::{pass::Pass, plan::Plan, workspace::Workspace};
use crate::{
    adapter::Adapter,
    kv_cache::KvSequence,
    model::Model,
    shared_buffer::SharedBuffer,
    workers::{Crew, CrewBroken},
};

/// Consecutive tokens of one sequence in a batch.
pub(crate) struct Run<'a> {
    /// Has room for all of `tokens`.
    pub(crate) kv: &'a KvSequence,
    /// What is added to the model's products for these tokens; made for the model that runs.
    pub(crate) adapter: Option<&'a Adapter>,
    /// Position of the first of `tokens`.
    pub(crate) start: usize,
    pub(crate) tokens: &'a [u32],
    pub(crate) logits: LogitsOf,
}

/// Which tokens of a run are asked for the token that follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogitsOf {
    None,
    Last,
    All,
}

/// The buffers of a forward pass, reused from step to step.
pub(crate) struct Forward {
    path: Path,
    plan: Plan,
    workspace: Workspace,
}

impl Forward {
    pub(crate) fn new(path: Path) -> Self {
        Self { path, plan: Plan::default(), workspace: Workspace::default() }
    }

    /// Computes every run of the batch; [`logits`](Self::logits) then holds one row for each
    /// token that was asked for, in the order of the runs.
    ///
    /// Runs must name tokens of the vocabulary, and no sequence twice.
    pub(crate) fn run(
        &mut self,
        model: &Model,
        crew: &Crew,
        runs: &[Run<'_>],
    ) -> Result<(), CrewBroken> {
        self.plan.build(model.config(), runs, crew.len());
        self.workspace.fit(model, &self.plan, crew.len());
        let (plan, space, path) = (&self.plan, &self.workspace, self.path);
        crew.run(&|worker| Pass { model, path, runs, plan, space, worker }.run())
    }

    /// The logits of the last run, row after row of the vocabulary.
    pub(crate) fn logits(&self) -> &SharedBuffer<f32> {
        &self.workspace.logits
    }

    pub(crate) fn logits_mut(&mut self) -> &mut [f32] {
        self.workspace.logits.get_mut()
    }

    /// Gives the buffers back to the system.
    pub(crate) fn release(&mut self) {
        self.plan = Plan::default();
        self.workspace = Workspace::default();
    }
}
