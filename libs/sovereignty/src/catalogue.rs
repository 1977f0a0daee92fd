//! The checks, one after the other, in the order of the objectives.

use crate::{Facts, Kind, Level, Objective, Share};

/// Writes the closed set of checks and what is known of each, so that neither can lack one.
macro_rules! checks {
    ($($name:ident $facts:tt)*) => {
        /// One question about a deployment.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Check {
            $(#[doc = concat!("See [`Check::facts`] of `", stringify!($name), "`.")] $name,)*
        }

        impl Check {
            /// In the order of their objectives.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// What is known of it before it is carried out.
            pub const fn facts(self) -> Facts {
                match self {
                    $(Self::$name => checks!(@facts $facts),)*
                }
            }
        }
    };
    (@facts {
        $id:literal, $objective:ident, $kind:ident, $share:ident, $points:literal,
        $level:expr, $knock_out:literal,
        $title:literal, $hint:literal
    }) => {
        Facts {
            id: $id,
            objective: Objective::$objective,
            kind: Kind::$kind,
            share: Share::$share,
            points: $points,
            level: $level,
            knock_out: $knock_out,
            title: $title,
            hint: $hint,
        }
    };
}

// Stable name, objective, kind, share, points, level, whether a failure is a knock-out; then what is
// true where it passes, and what to do where it fails.
checks! {
    OwnerDeclared {
        "owner.declared", Strategic, Declared, Declared, 3, None, false,
        "who owns and controls the operator is stated",
        "declare the owners and their law with the register's extract"
    }
    ControlNotice {
        "owner.control_notice", Strategic, Declared, Declared, 1, None, false,
        "a change of control would be told in advance",
        "declare how customers are told of a change of control"
    }
    OperatorNamed {
        "site.operator_named", Legal, Inspect, Assisted, 2, Some(Level::ONE), false,
        "the settings name the operator, its country and that of its parent",
        "set `site.country`, `site.operator`, `site.operator_country` and `site.parent_country`"
    }
    OperatorInRegion {
        "site.operator_in_region", Legal, Inspect, Assisted, 3, Some(Level::TWO), false,
        "site, operator and parent are under the law of the region",
        "an operator or parent under another law cannot be corrected here; say so in the tender"
    }
    PartiesDeclared {
        "egress.parties_declared", Legal, Inspect, Proved, 2, Some(Level::ONE), false,
        "every destination says who runs it and whose law binds them",
        "declare it under [[egress.destinations]]; docs/operate/egress.md tells how"
    }
    LawRegister {
        "law.register", Legal, Declared, Declared, 2, None, false,
        "laws that reach in from abroad were reviewed within a year",
        "review the register of extraterritorial laws and declare it again"
    }
    RegionSaid {
        "residency.region_said", Data, Inspect, Proved, 1, Some(Level::ONE), false,
        "the settings say which region data stay in",
        "set `residency.region`, for example to \"eu\""
    }
    HyperscalersDenied {
        "residency.hyperscalers_denied", Data, Probe, Proved, 4, Some(Level::ONE), true,
        "the policy denies content to hyperscalers under other law",
        "set `residency.region` to a region of the Union and remove the rules that allow it"
    }
    UndeclaredRefused {
        "egress.undeclared_refused", Data, Probe, Proved, 4, Some(Level::ONE), true,
        "what the settings do not name is not reached, and nothing arrives there",
        "remove the destination from [[egress.destinations]]; nothing may lead to a listener of the assessment"
    }
    RangesFresh {
        "residency.ranges_fresh", Data, Inspect, Proved, 2, Some(Level::THREE), false,
        "address ranges of hyperscalers are known and younger than 90 days",
        "fetch what they publish, `galerne residency import-ranges`, and set `residency.ranges`"
    }
    TextsSealed {
        "texts.sealed", Data, Registry, Proved, 4, Some(Level::TWO), true,
        "no text of a conversation lies in clear in the database",
        "start the server: it seals what an earlier version stored in clear, before it serves"
    }
    WrappingKeyPrivate {
        "key.wrapping_private", Data, Inspect, Proved, 3, Some(Level::TWO), true,
        "the wrapping key is a file of the operator that nobody else may read",
        "chmod 600 the file; if others have read it, `galerne encryption rotate-wrapping-key`"
    }
    WrappingKeyOutside {
        "key.wrapping_outside", Data, Inspect, Proved, 3, Some(Level::THREE), false,
        "the wrapping key lies outside of the data directory",
        "move it and set `encryption.key_file`; docs/operate/encryption.md tells how"
    }
    DataKeyFresh {
        "key.data_fresh", Data, Registry, Proved, 1, Some(Level::THREE), false,
        "the key that seals what is written now is younger than a year",
        "`galerne encryption rotate-data-key` makes a new one"
    }
    InstallationKeyPrivate {
        "key.installation_private", Data, Inspect, Proved, 3, Some(Level::TWO), true,
        "installation.key is a file of the operator that nobody else may read",
        "chmod 600 installation.key, and make a new installation if others have read it"
    }
    DataPrivate {
        "data.directory_private", Data, Inspect, Proved, 2, Some(Level::ONE), false,
        "the data directory is closed to other users",
        "chmod 700 the data directory"
    }
    DataLocal {
        "data.directory_local", Data, Inspect, Proved, 2, Some(Level::TWO), false,
        "the data directory lies on a disk of this machine",
        "move it from the network file system to a local disk"
    }
    DiskEncrypted {
        "data.disk_encrypted", Data, Inspect, Proved, 2, Some(Level::FOUR), false,
        "the disk under the data directory is encrypted",
        "put the data directory on a volume of dm-crypt (LUKS)"
    }
    SwapSafe {
        "data.swap_safe", Data, Inspect, Proved, 1, Some(Level::THREE), false,
        "memory is not written to a disk that is not encrypted",
        "swapoff -a, or encrypt the swap"
    }
    SecretsAbsent {
        "data.secrets_absent", Data, Probe, Proved, 3, Some(Level::TWO), true,
        "no file of the data directory but the key files holds a secret in plain",
        "remove the file that is named, and revoke the key"
    }
    PageOrigins {
        "page.origins_own", Operational, Probe, Proved, 2, Some(Level::ONE), false,
        "the page loads nothing from elsewhere",
        "build the page again from its sources"
    }
    PagePolicy {
        "page.policy_closed", Operational, Probe, Proved, 2, Some(Level::TWO), false,
        "the page's policy lets browsers reach this server alone",
        "run a binary that was built from the published sources"
    }
    FlowsDeclared {
        "egress.flows_declared", Operational, Registry, Proved, 3, Some(Level::TWO), true,
        "whoever was reached according to the log is declared",
        "find out who was reached: `galerne audit export` has the entry; declare or stop it"
    }
    ModelHere {
        "models.here", Operational, Inspect, Proved, 3, Some(Level::ONE), false,
        "a model lies here, so that answers need nobody else",
        "`galerne model import` takes one in"
    }
    DisconnectDrill {
        "drill.disconnect", Operational, Declared, Declared, 3, None, false,
        "operation without outside links was tried within a year",
        "cut the links, work for a day, and declare the report"
    }
    OwnersTwo {
        "accounts.owners_two", Operational, Registry, Proved, 1, Some(Level::THREE), false,
        "two persons can appoint others",
        "`galerne account create NAME --role owner` makes another owner"
    }
    WeightsIntact {
        "models.intact", Supply, Probe, Proved, 4, Some(Level::ONE), true,
        "the weights of every model are those that were imported",
        "`galerne model verify` names the model; import it again from a good copy"
    }
    ModelsSigned {
        "models.signed", Supply, Inspect, Proved, 3, Some(Level::TWO), false,
        "every model is signed by a trusted key",
        "`galerne model sign ID --key KEY`, with the public key in keys/models"
    }
    SignaturesRequired {
        "models.signatures_required", Supply, Inspect, Proved, 2, Some(Level::THREE), false,
        "models without a signature are refused",
        "set `models.signatures = \"required\"`"
    }
    NoPickle {
        "models.no_pickle", Supply, Probe, Proved, 3, Some(Level::ONE), false,
        "nothing beside the models runs code when it is loaded",
        "remove the file that is named, and obtain the model as safetensors or GGUF"
    }
    NothingWaived {
        "models.nothing_waived", Supply, Registry, Proved, 1, Some(Level::FOUR), false,
        "no model is used on somebody's word",
        "have the model signed, then remove waiver.json beside it"
    }
    LicencesHere {
        "models.licences_here", Supply, Inspect, Assisted, 1, Some(Level::TWO), false,
        "every model has its licence beside it",
        "import the model again from a directory with its licence"
    }
    BillComplete {
        "software.bill_complete", Supply, Inspect, Assisted, 3, Some(Level::ONE), false,
        "every package of the program has a version, an origin and a checksum",
        "build from the published lock file"
    }
    SuppliersDeclared {
        "software.suppliers_declared", Supply, Declared, Declared, 2, None, false,
        "the countries of the software's suppliers were looked up",
        "look them up for the packages of the bill, and declare the list"
    }
    HardwareListed {
        "hardware.listed", Supply, Inspect, Assisted, 1, Some(Level::TWO), false,
        "the machine says who made its processor",
        "list makers and countries by hand: the firmware does not tell them"
    }
    SourceNamed {
        "software.source_named", Technology, Inspect, Proved, 3, Some(Level::TWO), false,
        "the program names the source that it was built from",
        "build with GALERNE_COMMIT=$(git rev-parse HEAD)"
    }
    ApiPortable {
        "api.portable", Technology, Inspect, Proved, 2, Some(Level::ONE), false,
        "clients reach it by routes that other servers have too",
        "run a binary that was built from the published sources"
    }
    SourceEscrow {
        "software.source_kept", Technology, Declared, Declared, 2, None, false,
        "the source is kept where the operator can build it",
        "keep it with its packages, build it offline, and declare that"
    }
    ExitTried {
        "exit.tried", Technology, Declared, Declared, 2, None, false,
        "leaving was tried within a year",
        "export, take in elsewhere, compare, and declare the report"
    }
    LogVerified {
        "log.verified", Security, Probe, Proved, 5, Some(Level::ONE), true,
        "the whole log is what was signed and witnessed",
        "`galerne audit verify` names the entry; keep the data directory as it is"
    }
    TamperNoticed {
        "log.tampering_noticed", Security, Probe, Proved, 3, Some(Level::TWO), true,
        "a changed byte in a copy of the log is noticed",
        "do not trust this binary: build it again from the published sources"
    }
    LogSigned {
        "log.signed_in_time", Security, Inspect, Proved, 2, Some(Level::TWO), false,
        "every entry older than ten minutes is signed",
        "start the server, or `galerne audit checkpoint`"
    }
    WitnessOutside {
        "log.witness_outside", Security, Inspect, Proved, 3, Some(Level::THREE), false,
        "checkpoints are kept outside of the data directory",
        "set `log.witness` to a file on another machine's disk, or to a witness"
    }
    WitnessCurrent {
        "log.witness_current", Security, Inspect, Proved, 2, Some(Level::TWO), false,
        "the witness holds the newest checkpoints",
        "start the server: it hands over what is missing"
    }
    WitnessGrace {
        "log.witness_grace", Security, Inspect, Proved, 1, Some(Level::THREE), false,
        "without a witness nothing is answered after an hour at the latest",
        "set `log.witness_grace_seconds` to 3600 or less"
    }
    LogKeyPrivate {
        "key.log_private", Security, Inspect, Proved, 3, Some(Level::TWO), true,
        "log.key is a file of the operator that nobody else may read",
        "chmod 600 log.key; a log whose key others have read needs a new one"
    }
    ClockAhead {
        "clock.not_behind", Security, Probe, Proved, 1, Some(Level::ONE), false,
        "the clock is not behind the newest entry",
        "set the clock right; docs/errors/clock.moved_back.md tells more"
    }
    DataOfficer {
        "accounts.data_officer", Security, Registry, Proved, 2, Some(Level::TWO), false,
        "a data protection officer has an account",
        "`galerne account create NAME --role data_officer`"
    }
    Auditor {
        "accounts.auditor", Security, Registry, Proved, 2, Some(Level::TWO), false,
        "an auditor has an account",
        "`galerne account create NAME --role auditor`"
    }
    Passwords {
        "accounts.keepers_have_passwords", Security, Registry, Proved, 2, Some(Level::ONE), false,
        "every owner and admin has a password",
        "sign in with `galerne account link NAME` and set one, or `galerne account password NAME`"
    }
    KeysEnd {
        "keys.end", Security, Registry, Proved, 1, Some(Level::THREE), false,
        "every API key ends",
        "`galerne key revoke ID`, and make another with `--expires-in-days`"
    }
    KeysOwned {
        "keys.owned", Security, Registry, Proved, 1, Some(Level::TWO), false,
        "no API key belongs to a disabled account",
        "`galerne key revoke ID`"
    }
    MemoryClosed {
        "process.memory_closed", Security, Probe, Proved, 2, Some(Level::ONE), false,
        "other processes of the user cannot read the program's memory",
        "run a binary that was built from the published sources, on Linux"
    }
    NoCore {
        "process.no_core", Security, Inspect, Proved, 1, Some(Level::ONE), false,
        "memory is not written to core files",
        "remove what raises the limit of core files in the unit of the service"
    }
    NotRoot {
        "process.not_root", Security, Inspect, Proved, 2, Some(Level::TWO), false,
        "the program does not run as root",
        "run it as a user of its own: `User=galerne` in the unit"
    }
    NoNewPrivileges {
        "process.no_new_privileges", Security, Inspect, Proved, 1, Some(Level::THREE), false,
        "the program can gain no privileges",
        "set `NoNewPrivileges=yes` in the unit of the service"
    }
    KernelModules {
        "kernel.confinement", Security, Inspect, Proved, 1, Some(Level::TWO), false,
        "the kernel offers Landlock and seccomp",
        "start a kernel with `landlock` in `lsm=` and seccomp"
    }
    KernelTrace {
        "kernel.tracing_restricted", Security, Inspect, Proved, 1, Some(Level::THREE), false,
        "the kernel restricts who traces processes",
        "sysctl kernel.yama.ptrace_scope=1"
    }
    KernelRandom {
        "kernel.addresses_random", Security, Inspect, Proved, 1, Some(Level::TWO), false,
        "addresses in memory are random",
        "sysctl kernel.randomize_va_space=2"
    }
    TransportSafe {
        "transport.safe", Security, Inspect, Proved, 3, Some(Level::ONE), false,
        "nobody reaches the server over a network without TLS",
        "listen on 127.0.0.1 and put a server that speaks TLS in front"
    }
    EnvironmentClean {
        "environment.clean", Security, Inspect, Proved, 1, Some(Level::TWO), false,
        "the environment holds no secrets",
        "move the secret from the environment into a file with mode 600"
    }
    RoutesAudited {
        "routes.audited", Security, Inspect, Proved, 2, Some(Level::ONE), false,
        "every route says what it writes to the log and what its caller needs",
        "run a binary that was built from the published sources"
    }
    RestoreDrill {
        "drill.restore", Security, Declared, Declared, 2, None, false,
        "a backup was restored within 90 days",
        "restore one, run `galerne audit verify`, and declare the report"
    }
    EnergyMeasured {
        "energy.measured", Environment, Inspect, Proved, 3, Some(Level::TWO), false,
        "the processor counts the energy that answers use",
        "run where /sys/class/powercap can be read; elsewhere it is estimated"
    }
    GridOfSite {
        "energy.grid_of_site", Environment, Inspect, Proved, 2, Some(Level::ONE), false,
        "emissions are counted with a fresh factor of the site's own grid",
        "set `site.country` and `site.zone` to where the machine stands"
    }
    EnergySupply {
        "energy.supply_declared", Environment, Declared, Declared, 1, None, false,
        "where the power comes from and what cooling adds is stated",
        "declare the contract of supply and the power usage effectiveness"
    }
}

impl Check {
    /// The check of this stable name.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|check| check.facts().id == id)
    }

    /// The checks of an objective.
    pub fn of(objective: Objective) -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(move |check| check.facts().objective == objective)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_check_has_a_name_of_its_own_and_is_found_by_it() {
        let names: HashSet<_> = Check::ALL.iter().map(|check| check.facts().id).collect();
        assert_eq!(names.len(), Check::ALL.len());
        for &check in Check::ALL {
            assert_eq!(Check::from_id(check.facts().id), Some(check));
        }
        assert_eq!(Check::from_id("nothing"), None);
    }

    #[test]
    fn declarations_raise_no_level_and_knock_nobody_out() {
        for &check in Check::ALL {
            let facts = check.facts();
            let is_declared = facts.kind == Kind::Declared;
            assert_eq!(is_declared, facts.share == Share::Declared, "{}", facts.id);
            assert_eq!(is_declared, facts.level.is_none(), "{}", facts.id);
            assert!(!(is_declared && facts.knock_out), "{}", facts.id);
            assert!(facts.points > 0, "{}", facts.id);
        }
    }

    #[test]
    fn most_checks_look_for_themselves() {
        let looks = |check: &&Check| matches!(check.facts().kind, Kind::Probe | Kind::Inspect);
        assert!(Check::ALL.iter().filter(looks).count() >= 25);
        assert!(Objective::ALL.into_iter().all(|objective| Check::of(objective).count() > 0));
        let weights: u32 = Objective::ALL.into_iter().map(Objective::weight_percent).sum();
        assert_eq!(weights, 100);
    }

    #[test]
    fn a_check_calls_nothing_certified() {
        for &check in Check::ALL {
            let facts = check.facts();
            let text = format!("{} {}", facts.title, facts.hint).to_lowercase();
            assert!(!text.contains("certif"), "{}", facts.id);
        }
    }
}
