//! What is known of a check before it is carried out.

use crate::{Level, Objective};

/// How a check finds its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// It does something now and watches: opens a socket, changes a byte of a copy.
    Probe,
    /// It reads what is in force: settings, modes of files, facts of the kernel.
    Inspect,
    /// It asks rows of the deployment: accounts, keys, entries of the log.
    Registry,
    /// Somebody signed a statement, with a document and an end.
    Declared,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Probe, Self::Inspect, Self::Registry, Self::Declared];

    /// As reports name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Probe => "probe",
            Self::Inspect => "inspect",
            Self::Registry => "registry",
            Self::Declared => "declared",
        }
    }
}

/// To which share of a score the points of a check belong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Share {
    /// The deployment itself shows it.
    Proved,
    /// The deployment shows a part, and somebody has to look at the rest.
    Assisted,
    /// Somebody says so.
    Declared,
}

impl Share {
    /// All shares, the strongest first.
    pub const ALL: [Self; 3] = [Self::Proved, Self::Assisted, Self::Declared];

    /// As reports name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Proved => "proved",
            Self::Assisted => "assisted",
            Self::Declared => "declared",
        }
    }
}

/// What is known of a check before it is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Stable name, as `log.verified`.
    pub id: &'static str,
    /// What it counts for.
    pub objective: Objective,
    /// How it finds its answer.
    pub kind: Kind,
    /// Which share its points belong to.
    pub share: Share,
    /// How much it counts within its objective.
    pub points: u32,
    /// The level that nobody reaches without it.
    pub level: Option<Level>,
    /// Whether its failure is a knock-out.
    pub knock_out: bool,
    /// What is true where it passes.
    pub title: &'static str,
    /// What to do where it fails.
    pub hint: &'static str,
}
