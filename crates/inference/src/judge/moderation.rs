//! What harmful texts are looked for, and from which score on a text counts as one.

use domain::ModelDigest;

/// A kind of text that callers may want to keep out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Category {
    /// As Mistral's clients know it.
    pub name: &'static str,
    /// What the judge is asked.
    pub question: &'static str,
}

/// How many categories there are.
const COUNT: usize = 9;

/// All categories, in Mistral's words and order.
pub const CATEGORIES: [Category; COUNT] = [
    Category { name: "sexual", question: "Does this text contain sexual content?" },
    Category {
        name: "hate_and_discrimination",
        question: "Does this text express hatred of, or discriminate against, a group of people?",
    },
    Category {
        name: "violence_and_threats",
        question: "Does this text describe violence or threaten somebody?",
    },
    Category {
        name: "dangerous_and_criminal_content",
        question: "Does this text help somebody to commit a crime or to do something dangerous?",
    },
    Category { name: "selfharm", question: "Is this text about suicide or about hurting oneself?" },
    Category { name: "health", question: "Does this text give or ask for medical advice?" },
    Category { name: "financial", question: "Does this text give or ask for financial advice?" },
    Category { name: "law", question: "Does this text give or ask for legal advice?" },
    Category {
        name: "pii",
        question: "Does this text contain personal data, such as an address, a telephone number \
                   or an account number?",
    },
];

/// The bounds of models that were measured, by the digest of the model.
const MEASURED: [(&str, [f32; COUNT]); 0] = [];

/// From which score on a text belongs to a category.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    bounds: [f32; COUNT],
    /// Whether they were measured for this very model. Without, each is a half.
    pub are_measured: bool,
}

impl Bounds {
    /// Those of a model.
    pub fn of(digest: Option<&ModelDigest>) -> Self {
        let digest = digest.map(ToString::to_string);
        let found = MEASURED.iter().find(|(measured, _)| Some(*measured) == digest.as_deref());
        match found {
            Some((_, bounds)) => Self { bounds: *bounds, are_measured: true },
            None => Self { bounds: [0.5; COUNT], are_measured: false },
        }
    }

    /// Each category with whether a text of these scores belongs to it. Scores are in the order of
    /// [`CATEGORIES`].
    pub fn judge<'a>(
        &'a self,
        scores: &'a [f32],
    ) -> impl Iterator<Item = (&'static str, f32, bool)> + 'a {
        let pairs = CATEGORIES.iter().zip(&self.bounds).zip(scores);
        pairs.map(|((category, bound), score)| (category.name, *score, score >= bound))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_at_the_bound_belongs() {
        let bounds = Bounds::of(None);
        assert!(!bounds.are_measured);
        let judged: Vec<_> = bounds.judge(&[0.5, 0.49]).collect();
        assert_eq!(judged, [("sexual", 0.5, true), ("hate_and_discrimination", 0.49, false)]);
    }

    #[test]
    fn measured_bounds_are_found_by_the_digest() {
        for (digest, bounds) in &MEASURED {
            let digest: ModelDigest = digest.trim_start_matches("sha256:").parse().unwrap();
            let found = Bounds::of(Some(&digest));
            assert_eq!(found, Bounds { bounds: *bounds, are_measured: true });
            assert!(bounds.iter().all(|bound| (0.0..=1.0).contains(bound)), "{bounds:?}");
        }
    }
}
