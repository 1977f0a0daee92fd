//! The policy of an installation: the rules that are built in and those of its operator.

use std::fmt::{self, Display, Formatter, Write as _};

use sha2::{Digest as _, Sha256};

use crate::{
    AllowedBy, DataClass, Decision, Declaration, DeniedBy, Effect, NoEligible, Purpose, Question,
    Rule, Zone, hyperscalers,
};

/// Everything that decisions follow from. Nothing of it changes while it is in use.
#[derive(Clone, Debug)]
pub struct Policy {
    region: Zone,
    rules: Vec<Rule>,
    canonical: String,
    digest: PolicyDigest,
}

/// What a policy is made of.
#[derive(Clone, Debug)]
pub struct PolicyParts {
    /// Whose law the installation is run under. Hyperscalers that another one binds are refused.
    pub region: Zone,
    /// Rules of the operator.
    pub rules: Vec<Rule>,
    /// What the settings declare of destinations. Decisions follow from these records, so the
    /// digest covers them.
    pub declarations: Vec<Declaration>,
    /// SHA-256 of the imported address ranges, if there are any.
    pub ranges: Option<[u8; 32]>,
}

/// SHA-256 of the canonical form of a policy.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PolicyDigest(pub [u8; 32]);

/// Changes whenever one of the rules that are built in does: two digests are equal only if the same
/// questions get the same answers.
const VERSION: u32 = 1;

impl Policy {
    /// Puts a policy together.
    pub fn new(parts: PolicyParts) -> Self {
        let canonical = canonical(&parts);
        let digest = PolicyDigest(Sha256::digest(&canonical).into());
        Self { region: parts.region, rules: parts.rules, canonical, digest }
    }

    /// Whose law the installation is run under.
    pub const fn region(&self) -> Zone {
        self.region
    }

    /// What the digest is of: lines of text, the same on every machine.
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// SHA-256 of the canonical form.
    pub const fn digest(&self) -> PolicyDigest {
        self.digest
    }

    /// Decides. Denials come first, so that no permission and no order of rules overrules one.
    pub fn decide(&self, question: &Question<'_>) -> Decision {
        match self.denied(question) {
            Some(rule) => Decision::Deny(rule),
            None => match self.allowed(question) {
                Some(rule) => Decision::Allow(rule),
                None => Decision::Deny(DeniedBy::Default),
            },
        }
    }

    /// The candidates that may be used, in their order. Data stays where it belongs if there are
    /// none: the caller gets an error, not the best of the denied ones.
    pub fn eligible<'a, T>(
        &self,
        candidates: &'a [T],
        question: impl Fn(&'a T) -> Question<'a>,
    ) -> Result<Vec<&'a T>, NoEligible> {
        let (mut eligible, mut denied) = (Vec::new(), Vec::new());
        for candidate in candidates {
            match self.decide(&question(candidate)) {
                Decision::Allow(_) => eligible.push(candidate),
                Decision::Deny(rule) => denied.push(rule),
            }
        }
        if eligible.is_empty() { Err(NoEligible { denied }) } else { Ok(eligible) }
    }

    fn denied(&self, question: &Question<'_>) -> Option<DeniedBy> {
        if let Some(known) = question.known
            && !(self.region.covers(known.jurisdiction) && self.region.covers(known.parent))
        {
            return Some(DeniedBy::Hyperscaler(known.name));
        }
        if question.class != DataClass::Public
            && let Some(rule) = outside(question)
        {
            return Some(rule);
        }
        let denials = self.rules.iter().filter(|rule| rule.effect == Effect::Deny);
        let rule = denials.into_iter().find(|rule| rule.fits(question))?;
        Some(DeniedBy::Rule(rule.name.clone()))
    }

    fn allowed(&self, question: &Question<'_>) -> Option<AllowedBy> {
        if outside(question).is_none() {
            return Some(AllowedBy::Within);
        }
        if question.class == DataClass::Public && question.purpose == Purpose::Witness {
            return Some(AllowedBy::PublicWitness);
        }
        let permissions = self.rules.iter().filter(|rule| rule.effect == Effect::Allow);
        let rule = permissions.into_iter().find(|rule| rule.fits(question))?;
        Some(AllowedBy::Rule(rule.name.clone()))
    }
}

/// What of a destination lies outside the zone that the data belongs to.
fn outside(question: &Question<'_>) -> Option<DeniedBy> {
    let Some(record) = question.record else { return Some(DeniedBy::NoRecord) };
    let is_outside = |place| !question.data_zone.covers(place);
    if is_outside(record.site) {
        return Some(DeniedBy::Site(record.site));
    }
    if is_outside(record.jurisdiction) {
        return Some(DeniedBy::Operator(record.jurisdiction));
    }
    is_outside(record.parent).then_some(DeniedBy::Parent(record.parent))
}

/// One fact a line; texts in quotation marks, which names cannot hold.
fn canonical(parts: &PolicyParts) -> String {
    let mut text = format!("galerne residency policy {VERSION}\nregion {}\n", parts.region);
    let ranges = parts.ranges.map_or_else(|| "none".to_owned(), |bytes| hash_text(&bytes));
    let table = hash_text(&hyperscalers::digest());
    let mut lines = vec![format!("hyperscalers {table}"), format!("ranges {ranges}")];
    for rule in &parts.rules {
        let Rule { name, effect, classes, purposes, zones } = rule;
        lines.push(format!(
            "rule \"{name}\" {} classes={} purposes={} zones={}",
            effect.as_str(),
            list(classes),
            list(purposes),
            list(zones)
        ));
    }
    let mut declared: Vec<String> = parts.declarations.iter().map(declaration_line).collect();
    declared.sort();
    lines.extend(declared);
    for line in lines {
        text.push_str(&line);
        text.push('\n');
    }
    text
}

fn declaration_line(declaration: &Declaration) -> String {
    let Declaration { origin, purpose, class, internal, record } = declaration;
    let mut line = format!("destination {origin} {purpose} {class} internal={internal} ");
    match record {
        Some(record) => {
            let (site, jurisdiction, parent) = (record.site, record.jurisdiction, record.parent);
            let operator = &record.operator;
            write!(line, "\"{operator}\" site={site} operator={jurisdiction} parent={parent}").ok();
        }
        None => line.push_str("undeclared"),
    }
    line
}

/// `any` for a list that does not restrict.
fn list(items: &[impl Display]) -> String {
    if items.is_empty() {
        return "any".to_owned();
    }
    let items: Vec<String> = items.iter().map(ToString::to_string).collect();
    items.join(",")
}

pub(crate) fn hash_text(bytes: &[u8; 32]) -> String {
    let mut text = "sha256:".to_owned();
    for byte in bytes {
        write!(text, "{byte:02x}").ok();
    }
    text
}

/// `sha256:` and 64 hexadecimal digits.
impl Display for PolicyDigest {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hash_text(&self.0))
    }
}

impl fmt::Debug for PolicyDigest {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(self, formatter)
    }
}
