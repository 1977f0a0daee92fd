//! Compares `layers.toml` with the dependencies that the crates really have.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::metadata::{Dependency, Metadata, Node};
use crate::workspace::Workspace;

/// The rules as they are written down.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    layer: Vec<Layer>,
    never: BTreeMap<String, Vec<String>>,
    edges: BTreeMap<String, Vec<String>>,
    test_edges: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Layer {
    name: String,
    crates: Vec<String>,
    never: Vec<String>,
}

/// The dependencies of one of our crates.
#[derive(Debug, Default)]
struct Imports {
    /// Our crates that it ships with.
    ours: BTreeSet<String>,
    /// Our crates that only its tests use.
    ours_in_tests: BTreeSet<String>,
    /// Every crate linked below it, ours and others, to any depth.
    linked: BTreeSet<String>,
}

pub(crate) fn problems(workspace: &Workspace, metadata: &Metadata) -> Result<Vec<String>> {
    let text = fs::read_to_string(workspace.path("layers.toml")).context("layers.toml")?;
    let rules: Rules = toml::from_str(&text).context("layers.toml")?;
    Ok(compare(&rules, &imports(metadata)))
}

fn imports(metadata: &Metadata) -> BTreeMap<String, Imports> {
    let names: HashMap<&str, &str> =
        metadata.by_id().into_iter().map(|(id, package)| (id, package.name.as_str())).collect();
    let nodes: HashMap<&str, &Node> =
        metadata.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
    let mut all = BTreeMap::new();
    for member in &metadata.workspace_members {
        let (Some(&name), Some(node)) = (names.get(member.as_str()), nodes.get(member.as_str()))
        else {
            continue;
        };
        let ours = |wanted: fn(&Dependency) -> bool| -> BTreeSet<String> {
            let wanted = node.deps.iter().filter(|dependency| wanted(dependency));
            let ids = wanted.map(|dependency| dependency.pkg.as_str());
            let ids = ids.filter(|id| metadata.workspace_members.iter().any(|ours| ours == id));
            ids.filter_map(|id| names.get(id)).map(|&name| name.to_owned()).collect()
        };
        let imports = Imports {
            ours: ours(Dependency::is_shipped),
            ours_in_tests: ours(|dependency| !dependency.is_shipped()),
            linked: linked_below(node, &nodes, &names),
        };
        all.insert(name.to_owned(), imports);
    }
    all
}

fn linked_below(
    start: &Node,
    nodes: &HashMap<&str, &Node>,
    names: &HashMap<&str, &str>,
) -> BTreeSet<String> {
    let (mut seen, mut open) = (BTreeSet::new(), vec![start]);
    while let Some(node) = open.pop() {
        for dependency in node.deps.iter().filter(|dependency| dependency.is_linked()) {
            let id = dependency.pkg.as_str();
            if let (Some(&name), Some(&next)) = (names.get(id), nodes.get(id))
                && seen.insert(name.to_owned())
            {
                open.push(next);
            }
        }
    }
    seen
}

fn compare(rules: &Rules, imports: &BTreeMap<String, Imports>) -> Vec<String> {
    let mut problems = contradictions(rules);
    for (name, imports) in imports {
        let Some(layer) = rules.layer.iter().find(|layer| layer.crates.contains(name)) else {
            problems.push(format!("crate `{name}` stands in no layer of layers.toml"));
            continue;
        };
        let allowed = targets(&rules.edges, name);
        for other in imports.ours.difference(&allowed) {
            problems.push(format!("`{name}` must not import `{other}`: no such edge"));
        }
        let in_tests = targets(&rules.test_edges, name);
        for other in imports.ours_in_tests.difference(&allowed) {
            if !in_tests.contains(other) {
                problems.push(format!("tests of `{name}` must not import `{other}`: no such edge"));
            }
        }
        let never = layer.never.iter().chain(rules.never.get(name).into_iter().flatten());
        for banned in never.filter(|banned| imports.linked.contains(*banned)) {
            problems.push(format!("`{name}` ({}) must not link `{banned}`", layer.name));
        }
    }
    problems
}

/// What is wrong with the rules themselves: edges that do not point left, names of no crate.
fn contradictions(rules: &Rules) -> Vec<String> {
    let rank = |name: &str| {
        rules.layer.iter().position(|layer| layer.crates.iter().any(|member| member == name))
    };
    let mut problems = Vec::new();
    for (from, to) in pairs(&rules.edges) {
        match (rank(from), rank(to)) {
            (Some(from_rank), Some(to_rank)) if to_rank < from_rank => {}
            (Some(_), Some(_)) => {
                problems.push(format!("the edge from `{from}` to `{to}` does not point left"));
            }
            (None, _) | (_, None) => {
                problems.push(format!("the edge from `{from}` to `{to}` names an unknown crate"));
            }
        }
    }
    for (from, to) in pairs(&rules.test_edges) {
        if rank(from).is_none() || rank(to).is_none() {
            problems.push(format!("the test edge from `{from}` to `{to}` names an unknown crate"));
        }
    }
    problems
}

fn pairs(edges: &BTreeMap<String, Vec<String>>) -> impl Iterator<Item = (&str, &str)> {
    edges.iter().flat_map(|(from, to)| to.iter().map(|to| (from.as_str(), to.as_str())))
}

fn targets(edges: &BTreeMap<String, Vec<String>>, name: &str) -> BTreeSet<String> {
    edges.get(name).into_iter().flatten().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = r#"
        [[layer]]
        name = "libs"
        crates = ["wire"]
        never = ["tokio"]
        [[layer]]
        name = "adapters"
        crates = ["store", "engine"]
        never = []
        [[layer]]
        name = "development"
        crates = ["testkit"]
        never = []
        [never]
        engine = ["sqlx"]
        [edges]
        store = ["wire"]
        [test_edges]
        store = ["testkit"]
    "#;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn check(name: &str, ours: &[&str], in_tests: &[&str], linked: &[&str], expected: &[&str]) {
        let rules = toml::from_str(RULES).unwrap();
        let imports =
            Imports { ours: set(ours), ours_in_tests: set(in_tests), linked: set(linked) };
        let problems = compare(&rules, &BTreeMap::from([(name.to_owned(), imports)]));
        assert_eq!(problems, expected, "{name}");
    }

    #[test]
    fn listed_edges_pass() {
        check("store", &["wire"], &["testkit", "wire"], &["wire", "sqlx", "tokio"], &[]);
        check("wire", &[], &[], &["serde"], &[]);
    }

    #[test]
    fn other_edges_are_refused() {
        check("store", &["engine"], &[], &[], &["`store` must not import `engine`: no such edge"]);
        check(
            "store",
            &["testkit"],
            &[],
            &[],
            &["`store` must not import `testkit`: no such edge"],
        );
        let refused = "tests of `engine` must not import `testkit`: no such edge";
        check("engine", &[], &["testkit"], &[], &[refused]);
        check("new", &[], &[], &[], &["crate `new` stands in no layer of layers.toml"]);
    }

    #[test]
    fn banned_crates_are_found_at_any_depth() {
        check("wire", &[], &[], &["tokio"], &["`wire` (libs) must not link `tokio`"]);
        check("engine", &[], &[], &["sqlx"], &["`engine` (adapters) must not link `sqlx`"]);
        check("store", &[], &[], &["sqlx", "tokio"], &[]);
    }

    fn check_rules(from: &str, edges: &str, expected: &[&str]) {
        let text = RULES.replace("store = [\"wire\"]", &format!("{from} = {edges}"));
        assert_eq!(contradictions(&toml::from_str(&text).unwrap()), expected);
    }

    #[test]
    fn rules_that_contradict_themselves_are_refused() {
        check_rules("store", "[\"wire\"]", &[]);
        let sideways = "the edge from `store` to `engine` does not point left";
        check_rules("store", "[\"engine\"]", &[sideways]);
        let right = "the edge from `wire` to `store` does not point left";
        check_rules("wire", "[\"store\"]", &[right]);
        let unknown = "the edge from `store` to `gone` names an unknown crate";
        check_rules("store", "[\"gone\"]", &[unknown]);
    }

    #[test]
    fn the_graph_is_read_to_any_depth_and_test_dependencies_are_kept_apart() {
        let metadata: Metadata = serde_json::from_value(serde_json::json!({
            "packages": [
                {"id": "1", "name": "wire", "version": "0.1.0", "license": null},
                {"id": "2", "name": "serde", "version": "1.0.0", "license": "MIT"},
                {"id": "3", "name": "tokio", "version": "1.0.0", "license": "MIT"},
                {"id": "4", "name": "testkit", "version": "0.1.0", "license": null},
            ],
            "workspace_members": ["1", "4"],
            "resolve": {"nodes": [
                {"id": "1", "deps": [
                    {"pkg": "2", "dep_kinds": [{"kind": null}]},
                    {"pkg": "4", "dep_kinds": [{"kind": "dev"}]},
                ]},
                {"id": "2", "deps": [{"pkg": "3", "dep_kinds": [{"kind": null}]}]},
                {"id": "3", "deps": []},
                {"id": "4", "deps": [{"pkg": "1", "dep_kinds": [{"kind": null}]}]},
            ]},
        }))
        .unwrap();
        let imports = imports(&metadata);
        assert_eq!(imports["wire"].linked, set(&["serde", "tokio"]));
        assert_eq!(imports["wire"].ours, set(&[]));
        assert_eq!(imports["wire"].ours_in_tests, set(&["testkit"]));
        assert_eq!(imports["testkit"].ours, set(&["wire"]));
    }
}
