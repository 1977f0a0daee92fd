//! Answers of checks, and how an assessment ends.

/// What became of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It is as it should be.
    Passed,
    /// It is not.
    Failed,
    /// Nobody could tell. Counts as failed wherever something is added up.
    NotMeasured,
    /// There is nothing that the check is about, as the files of models where there are none.
    NotApplicable,
}

impl Verdict {
    /// As reports name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotMeasured => "not measured",
            Self::NotApplicable => "not applicable",
        }
    }
}

/// The answer of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured {
    /// What became of it.
    pub verdict: Verdict,
    /// What was seen, or why nothing could be.
    pub observed: String,
    /// What the verdict rests on, in full where `observed` is a summary of it.
    pub raw: Option<String>,
}

impl Measured {
    /// With what was seen.
    pub fn passed(observed: impl Into<String>) -> Self {
        Self { verdict: Verdict::Passed, observed: observed.into(), raw: None }
    }

    /// With what was seen.
    pub fn failed(observed: impl Into<String>) -> Self {
        Self { verdict: Verdict::Failed, observed: observed.into(), raw: None }
    }

    /// With the reason.
    pub fn not_measured(reason: impl Into<String>) -> Self {
        Self { verdict: Verdict::NotMeasured, observed: reason.into(), raw: None }
    }

    /// With the reason.
    pub fn not_applicable(reason: impl Into<String>) -> Self {
        Self { verdict: Verdict::NotApplicable, observed: reason.into(), raw: None }
    }

    /// Passed where `is_good`, and failed elsewhere.
    pub fn when(is_good: bool, observed: impl Into<String>) -> Self {
        if is_good { Self::passed(observed) } else { Self::failed(observed) }
    }

    /// With what the verdict rests on.
    #[must_use]
    pub fn with_raw(self, raw: impl Into<String>) -> Self {
        Self { raw: Some(raw.into()), ..self }
    }
}

/// How an assessment ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Conclusion {
    /// No knock-out, and the gate, if there is one, is passed.
    Passed,
    /// A level that the tender asks for is not evidenced.
    GateFailed,
    /// Something is wrong that no score makes up for.
    KnockOut,
    /// What could not be measured might be a knock-out or fail the gate.
    NotMeasured,
}

impl Conclusion {
    /// As reports name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::GateFailed => "gate failed",
            Self::KnockOut => "knock-out",
            Self::NotMeasured => "could not measure",
        }
    }

    /// The exit code of the command.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::GateFailed => 2,
            Self::KnockOut => 3,
            Self::NotMeasured => 4,
        }
    }
}
