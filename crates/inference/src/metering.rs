//! What a request used, as it is recorded and as the caller sees it.

use std::sync::Arc;

use carbon_ledger::{Emissions, Footprint, GridFactor, Uncertainty};
use domain::{
    AccountId, ModelDigest, ModelId, OrganisationId, Principal, ProjectId, RequestId, Timestamp,
    chat::ToolCall,
};

use crate::{Deployment, FinishReason, MicroEuros, TokenPiece, ports::Consumed};

/// Where the work is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The operator's name for the place.
    pub name: String,
    /// Grid zone whose carbon intensity applies, as in `carbon_ledger::factors`.
    pub zone: String,
}

/// Turns what an engine consumed into what is recorded and shown.
#[derive(Clone, Debug)]
pub struct Metering {
    site: Arc<Site>,
    factor: GridFactor,
    deployment: Option<Arc<Deployment>>,
}

impl Metering {
    pub fn new(site: Site, factor: GridFactor) -> Self {
        Self { site: Arc::new(site), factor, deployment: None }
    }

    /// With what is noted of every request, so that its receipt can tell it later.
    #[must_use]
    pub fn of(self, deployment: Deployment) -> Self {
        Self { deployment: Some(Arc::new(deployment)), ..self }
    }

    /// Of the grid.
    pub fn grams_per_kwh(&self) -> f64 {
        self.factor.grams_per_kwh
    }

    /// What answers requests now.
    pub(crate) fn deployment(&self) -> Option<Arc<Deployment>> {
        self.deployment.clone()
    }

    pub fn usage(&self, consumed: &Consumed) -> Usage {
        Usage {
            prompt_tokens: consumed.prompt_tokens,
            cached_prompt_tokens: consumed.cached_prompt_tokens,
            completion_tokens: consumed.completion_tokens,
            footprint: Footprint::new(consumed.energy, self.factor),
            cpu_seconds: consumed.cpu_seconds,
            site: Arc::clone(&self.site),
        }
    }
}

/// What one request used.
#[derive(Clone, Debug, PartialEq)]
pub struct Usage {
    pub prompt_tokens: u32,
    /// How many of these were computed for an earlier prompt. Shown, not recorded.
    pub cached_prompt_tokens: u32,
    pub completion_tokens: u32,
    pub footprint: Footprint,
    pub cpu_seconds: f64,
    pub site: Arc<Site>,
}

impl Usage {
    /// With what was used before it, if anything was.
    pub(crate) fn after(self, earlier: Option<&Self>) -> Self {
        match earlier {
            Some(earlier) => self.plus(earlier),
            None => self,
        }
    }

    /// What two requests used together. The site and the grid stay the first one's; emissions are
    /// those of each on its own grid.
    #[must_use]
    pub fn plus(self, other: &Self) -> Self {
        let cached = self.cached_prompt_tokens.saturating_add(other.cached_prompt_tokens);
        Self {
            prompt_tokens: self.prompt_tokens.saturating_add(other.prompt_tokens),
            cached_prompt_tokens: cached,
            completion_tokens: self.completion_tokens.saturating_add(other.completion_tokens),
            footprint: together(self.footprint, other.footprint),
            cpu_seconds: self.cpu_seconds + other.cpu_seconds,
            site: self.site,
        }
    }
}

fn together(one: Footprint, other: Footprint) -> Footprint {
    let energy = one.energy.plus(other.energy);
    if one.factor == other.factor {
        return Footprint::new(energy, one.factor);
    }
    let (first, second) = (one.emissions, other.emissions);
    let emissions = Emissions {
        grams: first.grams + second.grams,
        method: first.method.combine(second.method),
        uncertainty: Uncertainty::of_sum([
            (first.grams.value(), first.uncertainty),
            (second.grams.value(), second.uncertainty),
        ]),
    };
    Footprint { energy, emissions, factor: one.factor }
}

/// A request that was admitted: the first half of its usage row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageOpened {
    pub request: RequestId,
    pub organisation: OrganisationId,
    pub project: ProjectId,
    pub account: AccountId,
    pub principal: Principal,
    pub model: ModelId,
    /// Tokens of the prompt as it was sent, processed or not.
    pub prompt_tokens: u32,
    pub opened_at: Timestamp,
    /// Of the model that answers; rows of the first three schemas have none.
    pub digest: Option<ModelDigest>,
    /// What answers; rows of the first three schemas have none.
    pub deployment: Option<Arc<Deployment>>,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsageOutcome {
    Finished,
    /// The caller left or stopped it.
    Cancelled,
    Failed,
    /// The process died; found and closed at the next start.
    Interrupted,
}

impl UsageOutcome {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }
}

/// A request that ended: the second half of its usage row.
#[derive(Clone, Debug, PartialEq)]
pub struct UsageSettled {
    pub request: RequestId,
    pub organisation: OrganisationId,
    pub outcome: UsageOutcome,
    pub usage: Usage,
    /// At the price that its model had when it began. Rows of the first nine schemas have none.
    pub cost: Option<MicroEuros>,
    pub settled_at: Timestamp,
    /// Who answered, where it is not who was noted when the request was admitted.
    pub answered_by: Option<Arc<Deployment>>,
}

/// What a caller receives. All but `Token` and `Call` are last events; their usage is already
/// durable, unless the event says otherwise.
#[derive(Clone, Debug, PartialEq)]
pub enum ChatEvent {
    Token(TokenPiece),
    /// A whole call that the model asks for.
    Call(ToolCall),
    Finished {
        reason: FinishReason,
        usage: Usage,
    },
    /// The caller stopped it; the text so far stands.
    Stopped {
        usage: Usage,
    },
    /// The answer broke off; the text so far stands.
    Failed {
        usage: Usage,
    },
    /// The answer ended, and its usage could not be written down yet. That is tried again.
    Unrecorded {
        usage: Usage,
    },
}

#[cfg(test)]
mod tests {
    use carbon_ledger::{Energy, Joules, Method, factors};

    use super::*;

    fn usage(zone: &str) -> Usage {
        let joules = Joules::new(3_600_000.0).unwrap();
        let energy = Energy { joules, method: Method::Estimated, uncertainty: Uncertainty::NONE };
        let site = Site { name: zone.to_owned(), zone: zone.to_owned() };
        Metering::new(site, factors::grid(zone).unwrap()).usage(&Consumed {
            prompt_tokens: 1,
            cached_prompt_tokens: 0,
            completion_tokens: 1,
            energy,
            cpu_seconds: 0.0,
        })
    }

    #[test]
    fn work_at_two_sites_emits_what_it_does_at_each() {
        let (here, there) = (usage("FR"), usage("DE"));
        let grams = |usage: &Usage| usage.footprint.emissions.grams.value();
        for (one, other) in [(&here, &there), (&there, &here), (&here, &here)] {
            let both = one.clone().plus(other);
            assert!((grams(&both) - grams(one) - grams(other)).abs() < 1e-9);
            assert_eq!((&both.site, both.footprint.factor), (&one.site, one.footprint.factor));
        }
    }
}
