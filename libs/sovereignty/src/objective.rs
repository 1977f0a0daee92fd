//! The eight objectives and the scale of levels.

use std::{fmt, str::FromStr};

/// An objective of the Cloud Sovereignty Framework.
///
/// # Source
/// European Commission, Cloud Sovereignty Framework, version 1.2.1, October 2025.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Objective {
    /// Strategic sovereignty: who owns and controls the operator.
    Strategic,
    /// Legal sovereignty: whose law reaches the service.
    Legal,
    /// Data and AI sovereignty: who can read and move data.
    Data,
    /// Operational sovereignty: whether the service runs without others.
    Operational,
    /// Supply chain sovereignty: where its parts come from.
    Supply,
    /// Technology sovereignty: whether it can be changed and left.
    Technology,
    /// Security and compliance sovereignty: who watches and who can prove it.
    Security,
    /// Environmental sustainability.
    Environment,
}

impl Objective {
    /// In the order of their numbers.
    pub const ALL: [Self; 8] = [
        Self::Strategic,
        Self::Legal,
        Self::Data,
        Self::Operational,
        Self::Supply,
        Self::Technology,
        Self::Security,
        Self::Environment,
    ];

    /// `SOV-1` to `SOV-8`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Strategic => "SOV-1",
            Self::Legal => "SOV-2",
            Self::Data => "SOV-3",
            Self::Operational => "SOV-4",
            Self::Supply => "SOV-5",
            Self::Technology => "SOV-6",
            Self::Security => "SOV-7",
            Self::Environment => "SOV-8",
        }
    }

    /// Share of the whole score, in percent; together 100.
    pub const fn weight_percent(self) -> u32 {
        match self {
            Self::Strategic | Self::Operational | Self::Technology => 15,
            Self::Legal | Self::Data | Self::Security => 10,
            Self::Supply => 20,
            Self::Environment => 5,
        }
    }

    /// Whether a knock-out keeps this objective at the lowest level.
    pub const fn falls_with_knock_out(self) -> bool {
        match self {
            Self::Data | Self::Operational | Self::Security => true,
            Self::Strategic | Self::Legal | Self::Supply | Self::Technology | Self::Environment => {
                false
            }
        }
    }
}

impl fmt::Display for Objective {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl FromStr for Objective {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|objective| objective.as_str() == text).ok_or(())
    }
}

/// How far an objective is under the operator's own control, 1 (by law) to 4 (in full). It is no
/// grade of assurance: how well a level is shown, the shares of the score say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Level(u8);

impl Level {
    /// The lowest.
    pub const ONE: Self = Self(1);
    /// The second.
    pub const TWO: Self = Self(2);
    /// The third.
    pub const THREE: Self = Self(3);
    /// The highest.
    pub const FOUR: Self = Self(4);
    /// From the lowest up.
    pub const ALL: [Self; 4] = [Self::ONE, Self::TWO, Self::THREE, Self::FOUR];

    /// `None` but for 1 to 4.
    pub fn new(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.0 == number)
    }

    /// 1 to 4.
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}
