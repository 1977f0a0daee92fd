//! The one break of each check.

use domain::Role;
use sovereignty::Check;

use super::stage::{Paper, Step};

/// A check, what breaks it, and checks that ask for a part of the same.
pub(super) type Break = (Check, &'static [Step], &'static [Check]);

const PARENT: &str = "parent_country = 'FR'";

pub(super) const BREAKS: &[Break] = &[
    (Check::OwnerDeclared, &[Step::Declaration(Check::OwnerDeclared, Paper::Missing)], &[]),
    (Check::ControlNotice, &[Step::Declaration(Check::ControlNotice, Paper::Expired)], &[]),
    (Check::OperatorNamed, &[Step::Settings("operator = 'Essai'\n", "")], &[]),
    (Check::OperatorInRegion, &[Step::Settings(PARENT, "parent_country = 'US'")], &[]),
    // A witness of which nothing is declared is taken only while no region is said.
    (
        Check::PartiesDeclared,
        &[
            Step::Settings("region = 'eu'\n", ""),
            Step::Settings("'{root}/outside/checkpoints'", "'https://witness.example'"),
        ],
        &[Check::RegionSaid],
    ),
    (Check::LawRegister, &[Step::Declaration(Check::LawRegister, Paper::Old)], &[]),
    (Check::RegionSaid, &[Step::Settings("region = 'eu'\n", "")], &[]),
    // The operator is in France, which is no part of that region.
    (
        Check::HyperscalersDenied,
        &[Step::Settings("region = 'eu'", "region = 'us'")],
        &[Check::OperatorInRegion],
    ),
    (Check::UndeclaredRefused, &[Step::Settings("[log]", CANARY)], &[]),
    (Check::RangesFresh, &[Step::Settings("ranges = '{root}/outside/ranges.txt'\n", "")], &[]),
    (Check::TextsSealed, &[Step::Sql(DRAFT_IN_CLEAR)], &[]),
    (Check::WrappingKeyPrivate, &[Step::Mode("outside/wrapping.key", 0o640)], &[]),
    (
        Check::WrappingKeyOutside,
        &[
            Step::Copy("outside/wrapping.key", "data/wrapping.key"),
            Step::Mode("data/wrapping.key", 0o600),
            Step::Settings("key_file = '{root}/outside/wrapping.key'\n", ""),
        ],
        &[],
    ),
    (
        Check::DataKeyFresh,
        &[Step::Sql("UPDATE data_key SET created_at = created_at - 31622400000000")],
        &[],
    ),
    (Check::InstallationKeyPrivate, &[Step::Mode("data/installation.key", 0o640)], &[]),
    (Check::DataPrivate, &[Step::Mode("data", 0o755)], &[]),
    (Check::DataLocal, &[Step::Replace("proc/self/mountinfo", "ext4", "nfs4")], &[]),
    (Check::DiskEncrypted, &[Step::Write("sys/dev/block/8:1/dm/uuid", "LVM-abc")], &[]),
    (
        Check::SwapSafe,
        &[Step::Write("proc/swaps", "Filename Type\n/dev/sda2 partition 1 0 -2\n")],
        &[],
    ),
    (Check::SecretsAbsent, &[Step::Copy("data/log.key", "data/notes/old.txt")], &[]),
    (
        Check::PageOrigins,
        &[Step::Around(|around| {
            let script = b"import(\"https://cdn.example/a.js\")".to_vec();
            around.program.page.push(("assets/a.js".to_owned(), script));
        })],
        &[],
    ),
    (
        Check::PagePolicy,
        &[Step::Around(|around| {
            let policy = &around.program.page_policy;
            let open = "connect-src 'self' https://api.example";
            around.program.page_policy = policy.replace("connect-src 'self'", open);
        })],
        &[],
    ),
    (Check::FlowsDeclared, &[Step::Reached("https://elsewhere.example")], &[]),
    (Check::ModelHere, &[Step::Remove("data/models/demo")], &[]),
    (Check::DisconnectDrill, &[Step::Declaration(Check::DisconnectDrill, Paper::Other)], &[]),
    (Check::OwnersTwo, &[Step::Disable("second@example.org")], &[]),
    (Check::WeightsIntact, &[Step::Write("data/models/demo/model.gguf", "GGUF other")], &[]),
    (Check::ModelsSigned, &[Step::Remove("data/models/demo/model.sig")], &[]),
    (
        Check::SignaturesRequired,
        &[Step::Settings("signatures = 'required'", "signatures = 'optional'")],
        &[],
    ),
    (
        Check::NoPickle,
        &[Step::Write("data/models/demo/extra.bin", "PK\u{3}\u{4}archive/data.pkl")],
        &[],
    ),
    (Check::NothingWaived, &[Step::Waive], &[]),
    (Check::LicencesHere, &[Step::Remove("data/models/demo/licences")], &[]),
    (
        Check::BillComplete,
        &[Step::Around(|around| {
            around.program.lock.push_str(
                "\n[[package]]\nname = 'stray'\nversion = '1.0.0'\nsource = 'git+https://git.example'\n",
            );
        })],
        &[],
    ),
    (Check::SuppliersDeclared, &[Step::Declaration(Check::SuppliersDeclared, Paper::Future)], &[]),
    (Check::HardwareListed, &[Step::Write("proc/cpuinfo", "processor : 0\n")], &[]),
    (Check::SourceNamed, &[Step::Around(|around| around.program.commit = None)], &[]),
    (
        Check::ApiPortable,
        &[Step::Around(|around| {
            let routes = &around.program.routes;
            around.program.routes = routes.replace("\"/v1/embeddings\"", "\"/v1/own\"");
        })],
        &[],
    ),
    (Check::SourceEscrow, &[Step::Declaration(Check::SourceEscrow, Paper::NoDocument)], &[]),
    (Check::ExitTried, &[Step::Declaration(Check::ExitTried, Paper::Missing)], &[]),
    (Check::LogVerified, &[Step::Fork], &[]),
    (Check::TamperNoticed, &[Step::Around(|around| around.program.notices = |_, _| false)], &[]),
    (Check::LogSigned, &[Step::Around(|around| around.now = around.now.plus_seconds(3_600))], &[]),
    (
        Check::WitnessOutside,
        &[
            Step::Copy("outside/checkpoints", "data/checkpoints"),
            Step::Settings("witness = '{root}/outside/checkpoints'\n", ""),
        ],
        &[],
    ),
    (Check::WitnessCurrent, &[Step::Write("outside/checkpoints", "")], &[]),
    (
        Check::WitnessGrace,
        &[Step::Settings("witness_grace_seconds = 600", "witness_grace_seconds = 7200")],
        &[],
    ),
    (Check::LogKeyPrivate, &[Step::Mode("data/log.key", 0o604)], &[]),
    (
        Check::ClockAhead,
        &[Step::Around(|around| around.now = around.now.plus_seconds(-86_400))],
        &[],
    ),
    (Check::DataOfficer, &[Step::Disable("officer@example.org")], &[]),
    (Check::Auditor, &[Step::Disable("auditor@example.org")], &[]),
    (Check::Passwords, &[Step::Account("admin@example.org", Role::Admin)], &[]),
    (Check::KeysEnd, &[Step::EndlessKey], &[]),
    (Check::KeysOwned, &[Step::Disable("robot@example.org")], &[]),
    (Check::MemoryClosed, &[Step::Around(|around| around.machine.is_dumpable = Some(true))], &[]),
    (Check::NoCore, &[Step::Replace("proc/self/limits", "0  0", "0  unlimited")], &[]),
    (
        Check::NotRoot,
        &[Step::Replace("proc/self/status", "Uid:\t1000\t1000", "Uid:\t1000\t0")],
        &[],
    ),
    (
        Check::NoNewPrivileges,
        &[Step::Replace("proc/self/status", "NoNewPrivs:\t1", "NoNewPrivs:\t0")],
        &[],
    ),
    (Check::KernelModules, &[Step::Replace("sys/kernel/security/lsm", ",landlock", "")], &[]),
    (Check::KernelTrace, &[Step::Write("proc/sys/kernel/yama/ptrace_scope", "0\n")], &[]),
    (Check::KernelRandom, &[Step::Write("proc/sys/kernel/randomize_va_space", "1\n")], &[]),
    (
        Check::TransportSafe,
        &[Step::Settings("listen = '127.0.0.1:8080'", "listen = '0.0.0.0:8080'")],
        &[],
    ),
    (
        Check::EnvironmentClean,
        &[Step::Around(|around| {
            around.environment.push(("HUB_TOKEN".to_owned(), "x".to_owned()));
        })],
        &[],
    ),
    (
        Check::RoutesAudited,
        &[Step::Around(|around| {
            let routes = &around.program.routes;
            around.program.routes = routes.replacen("x-audit-class", "x-other", 1);
        })],
        &[],
    ),
    (Check::RestoreDrill, &[Step::Declaration(Check::RestoreDrill, Paper::Old)], &[]),
    (Check::EnergyMeasured, &[Step::Remove("sys/class/powercap")], &[]),
    (Check::GridOfSite, &[Step::Settings("zone = 'FR'", "zone = 'DE'")], &[]),
    (Check::EnergySupply, &[Step::Declaration(Check::EnergySupply, Paper::Missing)], &[]),
];

/// As an earlier version left it, or whoever writes to the file.
const DRAFT_IN_CLEAR: &str = "INSERT INTO draft \
    (organisation_id, account_id, conversation_id, updated_at, text) \
    SELECT organisation_id, id, x'', 0, CAST('cBonjour' AS BLOB) FROM account LIMIT 1";

/// The listener of the assessment, declared as if it were somebody's service.
const CANARY: &str = "[[egress.destinations]]\naddress = 'http://{canary}'\n\
    purpose = 'inference'\noperator = 'Nobody'\nsite = 'fr'\njurisdiction = 'fr'\nparent = 'fr'\n\
    internal = true\n[log]";
