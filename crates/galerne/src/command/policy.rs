//! `galerne policy`: the rules of the customer.

use std::{fs, path::Path};

use anyhow::Context as _;
use domain::{Account, AccountName, ModelId, Permission, Principal, Role};
use governance::{Act, Action, Actor, Asked, AuditFact, RulesError, Subject};
use policy::{
    Analysis, Explanation, Finding, Held, Keeper, KeeperError, RuleSet, TextError, analyse,
};
use serde_json::{Value, json};

use crate::{
    cli::{self, PolicyExplain},
    config::Settings,
    failure::{Exit, Failure},
    model_files::ModelFiles,
    output::Output,
    rules,
    wiring::Local,
};

pub(super) async fn run(
    settings: &Settings,
    command: &cli::Policy,
    output: Output,
) -> Result<(), Failure> {
    if let cli::Policy::Schema = command {
        let schema = policy::schema();
        return output.show(schema.trim_end(), &json!({ "schema": schema }));
    }
    let local = Local::open(settings).await?;
    let result = match command {
        cli::Policy::Check { file } => check(settings, &local, file, output),
        cli::Policy::Apply { file } => apply(&local, Some(file), output).await,
        cli::Policy::Remove => apply(&local, None, output).await,
        cli::Policy::Show => show(&local.rules, output),
        cli::Policy::Explain(question) => explain(&local, question, output).await,
        cli::Policy::Schema => Ok(()),
    };
    local.close().await;
    result
}

fn read(file: &Path) -> Result<String, Failure> {
    Ok(fs::read_to_string(file).with_context(|| format!("could not read {}", file.display()))?)
}

fn wrong(file: &Path, error: &TextError) -> Failure {
    Failure::message(format!("{}: {error}", file.display()))
        .exit(Exit::Settings)
        .hint(error.hint.clone())
}

fn check(settings: &Settings, local: &Local, file: &Path, output: Output) -> Result<(), Failure> {
    let rules = RuleSet::parse(&read(file)?).map_err(|error| wrong(file, &error))?;
    let lattice = rules::lattice(settings, &local.data_dir)?;
    let analysis = analyse(&rules, &lattice, &rules::place(settings));
    let digest = rules.digest(settings.outbound.digest()).to_string();
    let mut lines = vec![format!("{} rules, policy {digest}", rules.len())];
    lines.extend(analysis.findings.iter().map(|finding| format!("warning: {finding}")));
    lines.extend(table(&analysis));
    lines.push(format!("{} questions were asked", analysis.questions));
    let value = json!({
        "rules": rules.len(),
        "policy": digest,
        "findings": analysis.findings.iter().map(finding).collect::<Vec<_>>(),
        "table": analysis.table.iter().map(|row| json!({
            "action": row.action,
            "resource": row.resource,
            "verdicts": row.verdicts.iter().map(|verdict| verdict.as_str()).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "questions": analysis.questions,
    });
    output.show(&lines.join("\n"), &value)
}

fn finding(finding: &Finding) -> Value {
    let (rule, line) = finding.rule().unzip();
    json!({ "finding": finding.as_str(), "rule": rule, "line": line })
}

/// Columns are roles; the installation has a single one.
fn table(analysis: &Analysis) -> Vec<String> {
    let width = analysis.table.iter().map(|row| name(row).len()).max().unwrap_or(0);
    let roles = Role::ALL.map(|role| format!("{:13}", role.as_str())).concat();
    let mut lines = vec![format!("{:width$}  {}", "", roles.trim_end())];
    for row in &analysis.table {
        let cells: Vec<_> =
            row.verdicts.iter().map(|verdict| format!("{:13}", verdict.as_str())).collect();
        let cells = cells.concat();
        lines.push(format!("{:width$}  {}", name(row), cells.trim_end()));
    }
    lines
}

fn name(row: &policy::Row) -> String {
    match &row.resource {
        Some(resource) => format!("{} {resource}", row.action),
        None => row.action.to_owned(),
    }
}

/// The entry first: a change that the log does not tell is none.
async fn apply(local: &Local, file: Option<&Path>, output: Output) -> Result<(), Failure> {
    let text = file.map(read).transpose()?;
    let _lock = local.data_dir.lock_rules()?;
    let before = local.rules.status();
    let prepared = local.rules.prepare(text.as_deref()).map_err(|error| match (error, file) {
        (KeeperError::Text(error), Some(file)) => wrong(file, &error),
        (error, _) => error.into(),
    })?;
    let caller = local.operator_if_any().await?;
    let subject = Subject::Policy { from: before.digest, to: prepared.digest };
    let fact =
        AuditFact { action: Action::PolicyApply, subject, ..AuditFact::refused("ok", caller) };
    local.trail.record(&fact).await?;
    local.rules.install(&prepared)?;
    let after = local.rules.status();
    let count = match &after.held {
        Held::Rules(rules) => rules.len(),
        Held::Nothing => 0,
        Held::Unusable(reason) => return Err(Failure::message(reason.to_string())),
    };
    let text = format!(
        "{count} rules are in force; a running server obeys them from its next request on\n\
         policy before {}\npolicy now    {}",
        before.digest, after.digest
    );
    let value = json!({
        "rules": count, "serial": after.serial,
        "policy_before": before.digest.to_string(), "policy": after.digest.to_string(),
    });
    output.show(&text, &value)
}

fn show(keeper: &Keeper, output: Output) -> Result<(), Failure> {
    let status = keeper.status();
    let (state, text, count) = match &status.held {
        Held::Nothing => ("no rules are in force".to_owned(), None, 0),
        Held::Rules(rules) => {
            (format!("{} rules are in force", rules.len()), Some(rules.text()), rules.len())
        }
        Held::Unusable(reason) => {
            let text = format!("policy.unavailable: {reason}; nothing is let through");
            return Err(Failure::message(text).hint(
                "`galerne policy apply FILE` puts whole rules there; FILE is your own copy",
            ));
        }
    };
    let mut lines = vec![state, format!("policy {}", status.digest)];
    lines.extend(status.canonical.iter().map(|canonical| format!("\n{}", canonical.trim_end())));
    lines.extend(text.map(|text| format!("\n{}", text.trim_end())));
    let value = json!({
        "rules": count, "serial": status.serial, "policy": status.digest.to_string(),
        "canonical": status.canonical, "text": text,
    });
    output.show(&lines.join("\n"), &value)
}

async fn explain(local: &Local, question: &PolicyExplain, output: Output) -> Result<(), Failure> {
    let operator = local.operator().await?;
    let name: &AccountName = &question.account;
    let account = local.access.account_named(&operator, name).await;
    let account =
        account.map_err(|error| Failure::from(error).hint("`galerne account list` shows all"))?;
    let model = question.model.as_ref().map(|id| found(local, id)).transpose()?;
    let (act, needed) = match (question.action.as_str(), &model) {
        ("infer", Some(model)) => (Act::Infer(model.facts()), Permission::UseModels),
        ("embed", Some(model)) => (Act::Embed(model.facts()), Permission::UseModels),
        ("infer" | "embed", None) => {
            return Err(Failure::message("this action is about a model").hint("give --model ID"));
        }
        (word, _) => {
            let permission: Permission = word.parse().map_err(|error| {
                Failure::new(Exit::Failed, anyhow::Error::new(error))
                    .hint(format!("actions are {}", policy::action_names().join(", ")))
            })?;
            (Act::Use(permission), permission)
        }
    };
    let by = question.by.principal();
    let explained = explained(&local.rules, &account, by, act, needed);
    output.show(&explained.text(), &explained.value(&question.action))
}

fn found(local: &Local, id: &ModelId) -> Result<policy::ModelKind, Failure> {
    rules::model(&ModelFiles::new(&local.data_dir).find(id)?)
}

/// What is built in says, then what rules say.
struct Explained {
    role: Role,
    needed: Permission,
    is_granted: bool,
    rules: Result<Option<Explanation>, RulesError>,
    policy: String,
}

fn explained(
    keeper: &Keeper,
    account: &Account,
    by: Principal,
    act: Act<'_>,
    needed: Permission,
) -> Explained {
    let asked = Asked { actor: Actor::Account { account, by }, act };
    Explained {
        role: account.role,
        needed,
        is_granted: account.role.permissions().contains(needed),
        rules: keeper.explain(&asked),
        policy: keeper.status().digest.to_string(),
    }
}

impl Explained {
    fn is_allowed(&self) -> bool {
        let by_rules = match &self.rules {
            Ok(None) => true,
            Ok(Some(Explanation { permits, forbids, fails })) => {
                !permits.is_empty() && forbids.is_empty() && fails.is_empty()
            }
            Err(_) => false,
        };
        self.is_granted && by_rules
    }

    fn text(&self) -> String {
        let decision = if self.is_allowed() { "allowed" } else { "denied" };
        let (role, needed) = (self.role.as_str(), self.needed.as_str());
        let has = if self.is_granted { "has" } else { "has not" };
        let mut lines =
            vec![decision.to_owned(), format!("role {role} {has} the permission {needed}")];
        match &self.rules {
            Ok(None) => lines.push("no rules are in force".to_owned()),
            Ok(Some(Explanation { permits, forbids, fails })) => {
                for (word, rules) in [("permitted", permits), ("forbidden", forbids)] {
                    let by = if rules.is_empty() { "no rule".to_owned() } else { rules.join(", ") };
                    lines.push(format!("{word} by {by}"));
                }
                if !fails.is_empty() {
                    lines.push(format!("cannot be evaluated: {}", fails.join(", ")));
                }
            }
            Err(error) => lines.push(error.to_string()),
        }
        lines.push(format!("policy {}", self.policy));
        lines.join("\n")
    }

    fn value(&self, action: &str) -> Value {
        let explanation = self.rules.as_ref().ok().and_then(Option::as_ref);
        json!({
            "action": action,
            "decision": if self.is_allowed() { "allow" } else { "deny" },
            "role": self.role.as_str(),
            "permission": self.needed.as_str(),
            "is_granted": self.is_granted,
            "permits": explanation.map(|it| &it.permits),
            "forbids": explanation.map(|it| &it.forbids),
            "fails": explanation.map(|it| &it.fails),
            "error": self.rules.as_ref().err().map(RulesError::code),
            "policy": self.policy,
        })
    }
}
