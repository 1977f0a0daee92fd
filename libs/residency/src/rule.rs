//! Rules of the operator, beside those that are built in.

use crate::{DataClass, Name, Purpose, Question, Zone};

/// A rule of the operator. Lists that are empty do not restrict it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// By which decisions name it.
    pub name: Name,
    /// What it does with what it fits.
    pub effect: Effect,
    /// Classes of data that it is about.
    pub classes: Vec<DataClass>,
    /// Purposes that it is about.
    pub purposes: Vec<Purpose>,
    /// Zones: a denial fits if one of site, operator and parent lies in one of them, a permission
    /// if all three do.
    pub zones: Vec<Zone>,
}

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Denies, whatever else allows it.
    Deny,
    /// Allows, unless something denies it. What is built in is never overruled.
    Allow,
}

impl Effect {
    /// The word of the settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Allow => "allow",
        }
    }
}

impl Rule {
    /// Whether it is about the question.
    pub(crate) fn fits(&self, question: &Question<'_>) -> bool {
        let class = self.classes.is_empty() || self.classes.contains(&question.class);
        let purpose = self.purposes.is_empty() || self.purposes.contains(&question.purpose);
        class && purpose && self.fits_zones(question)
    }

    /// A destination of which nothing is declared may lie in any zone: a denial fits it, a
    /// permission does not.
    fn fits_zones(&self, question: &Question<'_>) -> bool {
        let Some(record) = question.record else { return self.effect == Effect::Deny };
        let listed = |place: Zone| self.zones.iter().any(|zone| zone.covers(place));
        let mut places = [record.site, record.jurisdiction, record.parent].into_iter();
        match self.effect {
            _ if self.zones.is_empty() => true,
            Effect::Deny => places.any(listed),
            Effect::Allow => places.all(listed),
        }
    }
}
