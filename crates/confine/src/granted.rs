//! What the kernel granted.

use std::fmt::{self, Display, Formatter};

use serde::{Deserialize, Serialize};

/// What the kernel granted of a confinement, read back from it where it tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    /// Nothing that is started gains rights.
    pub no_new_privileges: Grant,
    /// Paths, by Landlock; from its version 4 also ports of TCP, from 6 signals to others.
    pub files: Grant,
    /// Version of Landlock that the kernel speaks, as far as it is known here; 0 is none.
    pub landlock: u32,
    /// By seccomp: programs, processes, sockets and what only administrators do.
    pub system_calls: Grant,
    /// A network of its own, in which there is nothing.
    pub network_namespace: Grant,
    /// The rights of root.
    pub capabilities: Grant,
    pub limits: Grant,
    pub descriptors: Grant,
}

/// What became of one wall.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state", content = "reason")]
pub enum Grant {
    Whole,
    /// Something of it is missing.
    Partly(String),
    Missing(String),
    /// The confinement does not want it.
    Unasked,
}

impl Granted {
    /// Whether the walls stand without which the others are none: files, and system calls. Landlock
    /// counts from its first version on, and a network namespace is one wall more.
    pub fn is_enough(&self) -> bool {
        let holds = |grant: &Grant| !matches!(grant, Grant::Missing(_));
        [&self.no_new_privileges, &self.files].into_iter().all(holds)
            && self.system_calls == Grant::Whole
    }

    /// What the kernel does not grant, for people.
    pub fn missing(&self) -> String {
        let told = self.walls().into_iter().filter_map(|(name, grant)| match grant {
            Grant::Partly(reason) | Grant::Missing(reason) => Some(format!("{name} ({reason})")),
            Grant::Whole | Grant::Unasked => None,
        });
        told.collect::<Vec<_>>().join(", ")
    }

    fn walls(&self) -> [(&'static str, &Grant); 7] {
        [
            ("no new privileges", &self.no_new_privileges),
            ("files", &self.files),
            ("system calls", &self.system_calls),
            ("network namespace", &self.network_namespace),
            ("capabilities", &self.capabilities),
            ("limits", &self.limits),
            ("descriptors", &self.descriptors),
        ]
    }
}

/// One phrase: what stands, with the version of Landlock.
impl Display for Granted {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let stands = self.walls().into_iter().filter_map(|(name, grant)| match grant {
            Grant::Whole if name == "files" => Some(format!("files (Landlock {})", self.landlock)),
            Grant::Whole => Some(name.to_owned()),
            Grant::Partly(_) => Some(format!("{name} in part")),
            Grant::Missing(_) | Grant::Unasked => None,
        });
        f.write_str(&stands.collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(files: Grant, system_calls: Grant) -> Granted {
        Granted {
            no_new_privileges: Grant::Whole,
            files,
            landlock: 7,
            system_calls,
            network_namespace: Grant::Missing("forbidden".to_owned()),
            capabilities: Grant::Whole,
            limits: Grant::Unasked,
            descriptors: Grant::Unasked,
        }
    }

    #[test]
    fn files_and_system_calls_are_enough_and_neither_can_be_missed() {
        let why = || "old kernel".to_owned();
        let check = |files: Grant, calls: Grant, expected| {
            assert_eq!(granted(files.clone(), calls.clone()).is_enough(), expected);
        };
        check(Grant::Whole, Grant::Whole, true);
        check(Grant::Partly(why()), Grant::Whole, true);
        check(Grant::Missing(why()), Grant::Whole, false);
        check(Grant::Whole, Grant::Missing(why()), false);
        check(Grant::Whole, Grant::Unasked, false);
    }

    #[test]
    fn what_stands_and_what_does_not_is_told() {
        let granted = granted(Grant::Whole, Grant::Whole);
        assert_eq!(
            granted.to_string(),
            "no new privileges, files (Landlock 7), system calls, capabilities"
        );
        assert_eq!(granted.missing(), "network namespace (forbidden)");
    }
}
