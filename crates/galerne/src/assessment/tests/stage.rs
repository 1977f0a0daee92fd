//! A made deployment with a made machine under it, and steps that change either.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use domain::{AccountKind, AccountName, Caller, Clock as _, ModelId, Role, Timestamp};
use governance::{Action, AuditFact, NewAccount, NewKey, Password, Subject, Vault, Wish};
use model_signing::{Curve, SignatureBundle, SigningKey, Statement};
use sovereignty::{Assessment, Check, Day, Kind};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use transparency_log::Checkpoint;

use super::super::{Machine, Program, Scene, Surroundings, assess, digest};
use crate::{
    cli::Common,
    command::wait,
    config::Settings,
    log,
    model_files::{Contents, Format, Manifest, ModelFiles},
    system::SystemClock,
    vault,
    wiring::Local,
};

const PAPER: &[u8] = b"a document";
const DAY: i64 = 86_400;

const SETTINGS: &str = "listen = '127.0.0.1:8080'
[site]
zone = 'FR'
country = 'FR'
operator = 'Essai'
operator_country = 'FR'
parent_country = 'FR'
[residency]
region = 'eu'
ranges = '{root}/outside/ranges.txt'
[encryption]
key_file = '{root}/outside/wrapping.key'
[models]
signatures = 'required'
[log]
witness = '{root}/outside/checkpoints'
witness_grace_seconds = 600
";

/// What a declaration lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paper {
    Missing,
    /// Its own end is over.
    Expired,
    /// It is older than such a statement may be.
    Old,
    Future,
    /// The document is another one.
    Other,
    NoDocument,
}

/// One change of a deployment. Paths are below its root.
#[derive(Clone, Copy)]
pub(super) enum Step {
    Settings(&'static str, &'static str),
    Write(&'static str, &'static str),
    Replace(&'static str, &'static str, &'static str),
    Copy(&'static str, &'static str),
    Remove(&'static str),
    Mode(&'static str, u32),
    Declaration(Check, Paper),
    Around(fn(&mut Surroundings)),
    /// An account without a password.
    Account(&'static str, Role),
    Disable(&'static str),
    EndlessKey,
    /// An entry that says that somebody was reached.
    Reached(&'static str),
    Waive,
    /// The witness holds another history.
    Fork,
    /// Something done to the rows by other means than ours.
    Sql(&'static str),
}

/// The deployment that copies are made of.
pub(super) struct Template(TempDir);

/// A copy.
pub(super) struct Stage {
    root: TempDir,
    settings: String,
    around: Vec<fn(&mut Surroundings)>,
    papers: Vec<(Check, Paper)>,
}

impl Template {
    pub(super) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        machine(root.path());
        fs::create_dir_all(root.path().join("outside")).unwrap();
        fs::create_dir_all(root.path().join("data/declarations")).unwrap();
        fs::set_permissions(root.path().join("data"), fs::Permissions::from_mode(0o700)).unwrap();
        fs::write(root.path().join("data/declarations/paper.txt"), PAPER).unwrap();
        let day = day_before(SystemClock.now(), 10);
        let ranges =
            format!("galerne address ranges 1\nsource {day} amazon test\namazon 9.9.9.0/24\n");
        fs::write(root.path().join("outside/ranges.txt"), ranges).unwrap();
        let template = Self(root);
        let settings = settings(template.0.path(), SETTINGS, "127.0.0.1:1");
        wait(async {
            let local = Local::open(&settings).await?;
            populate(&local).await;
            seal(&local, &settings).await;
            import(&local, template.0.path());
            log::open(&local, &settings.log.value).await?.checkpoint().await.unwrap();
            local.close().await;
            Ok(())
        })
        .unwrap();
        template
    }

    pub(super) fn copy(&self) -> Stage {
        let root = tempfile::tempdir().unwrap();
        copy(self.0.path(), root.path());
        Stage { root, settings: SETTINGS.to_owned(), around: Vec::new(), papers: Vec::new() }
    }
}

/// With modes, which are a part of what is checked.
fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
        }
        fs::set_permissions(&target, entry.metadata().unwrap().permissions()).unwrap();
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn machine(root: &Path) {
    for (path, text) in [
        ("proc/self/status", "Uid:\t1000\t1000\t1000\t1000\nNoNewPrivs:\t1\nSeccomp:\t0\n"),
        ("proc/self/limits", "Max core file size  0  0  bytes\n"),
        ("proc/self/mountinfo", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"),
        ("proc/cpuinfo", "vendor_id : GenuineIntel\nmodel name : Xeon\n"),
        ("proc/swaps", "Filename Type\n"),
        ("proc/locks", ""),
        ("proc/sys/kernel/yama/ptrace_scope", "1\n"),
        ("proc/sys/kernel/randomize_va_space", "2\n"),
        ("sys/dev/block/8:1/dm/uuid", "CRYPT-LUKS2-abc"),
        ("sys/kernel/security/lsm", "capability,landlock,yama"),
        ("sys/class/powercap/intel-rapl:0/name", "package-0\n"),
        ("sys/class/powercap/intel-rapl:0/energy_uj", "12345\n"),
    ] {
        write(&root.join(path), text);
    }
}

fn settings(root: &Path, text: &str, canary: &str) -> Settings {
    let root_text = root.display().to_string();
    let text = text.replace("{root}", &root_text).replace("{canary}", canary);
    fs::write(root.join("data/galerne.toml"), text).unwrap();
    let common = Common { data_dir: Some(root.join("data")), config: None, json: false };
    Settings::load(&common, None).unwrap()
}

async fn account(local: &Local, operator: &Caller, name: &str, kind: AccountKind, role: Role) {
    let new = NewAccount { name: name.parse().unwrap(), kind, role };
    local.access.create_account(operator, &new).await.unwrap();
}

/// Two owners with passwords, those who watch, and a program whose key ends.
async fn populate(local: &Local) {
    let first = local.access.found().await.unwrap().unwrap();
    let operator = local.operator().await.unwrap();
    local.access.revoke_key(&operator, first.key.id).await.unwrap();
    account(local, &operator, "second@example.org", AccountKind::Person, Role::Owner).await;
    account(local, &operator, "officer@example.org", AccountKind::Person, Role::DataOfficer).await;
    account(local, &operator, "auditor@example.org", AccountKind::Person, Role::Auditor).await;
    account(local, &operator, "robot@example.org", AccountKind::Service, Role::Developer).await;
    for name in [AccountName::owner(), "second@example.org".parse().unwrap()] {
        let account = local.access.account_named(&operator, &name).await.unwrap();
        let password = Password::typed("a long and unlikely phrase".to_owned());
        local.access.reset_password(&operator, &account, password).await.unwrap();
    }
    let robot = "robot@example.org".parse().unwrap();
    let robot = local.access.account_named(&operator, &robot).await.unwrap();
    let expires_at = Some(SystemClock.now().plus_seconds(100 * DAY));
    let key = NewKey { account: Some(robot.id), expires_at, ..of_models("robot") };
    local.access.create_key(&operator, &key).await.unwrap();
}

/// The keys of texts, as the first start makes them.
async fn seal(local: &Local, settings: &Settings) {
    let custodian = vault::custodian(settings, &local.data_dir, None).await.unwrap();
    custodian.create().await.unwrap();
    let vault = Vault::new(vault::parts(local, Arc::new(custodian)));
    vault.found(local.operator().await.unwrap()).await.unwrap();
}

fn of_models(name: &str) -> NewKey<'_> {
    let permissions = domain::Permissions::of(&[domain::Permission::UseModels]);
    NewKey { permissions, ..NewKey::named(name) }
}

fn import(local: &Local, root: &Path) {
    let files = ModelFiles::new(&local.data_dir);
    let id: ModelId = "demo".parse().unwrap();
    let path = files.path(&id, Format::Gguf);
    write(&path, "GGUF weights");
    write(&files.folder(&id).join("licences/LICENSE"), "Apache-2.0");
    let contents = Contents::read(&path, Format::Gguf, &mut |_| Ok(())).unwrap();
    let manifest = Manifest {
        id: "demo".to_owned(),
        format: Format::Gguf,
        sha256: contents.sha256.clone(),
        bytes: contents.bytes,
        architecture: "llama".to_owned(),
        imported_at: Timestamp::from_micros(0),
        base: None,
    };
    let json = serde_json::to_string(&manifest).unwrap();
    write(&files.folder(&id).join("manifest.json"), &json);
    let key = SigningKey::generate(Curve::P256).unwrap();
    let statement = Statement::new("demo", contents.files).unwrap();
    let signature = SignatureBundle::sign(&statement, &key).unwrap();
    files.write_signature(&id, &signature.to_json()).unwrap();
    write(&root.join("data/keys/models/lab.pub"), &key.public().to_pem());
}

fn day_before(now: Timestamp, days: i64) -> Day {
    Day::of_unix_seconds(now.as_seconds() - days * DAY)
}

impl Stage {
    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(super) fn take(&mut self, step: &Step) {
        match *step {
            Step::Settings(from, to) => {
                assert!(self.settings.contains(from), "{from}");
                self.settings = self.settings.replace(from, to);
            }
            Step::Write(path, text) => write(&self.path(path), text),
            Step::Replace(path, from, to) => {
                let text = fs::read_to_string(self.path(path)).unwrap();
                assert!(text.contains(from), "{path}: {text}");
                write(&self.path(path), &text.replace(from, to));
            }
            Step::Copy(from, to) => {
                let bytes = fs::read_to_string(self.path(from)).unwrap();
                write(&self.path(to), &bytes);
            }
            Step::Remove(path) => {
                let path = self.path(path);
                let is_folder = path.is_dir();
                let removed =
                    if is_folder { fs::remove_dir_all(path) } else { fs::remove_file(path) };
                removed.unwrap();
            }
            Step::Mode(path, mode) => {
                fs::set_permissions(self.path(path), fs::Permissions::from_mode(mode)).unwrap();
            }
            Step::Declaration(check, paper) => self.papers.push((check, paper)),
            Step::Around(change) => self.around.push(change),
            Step::Sql(statement) => self.sql(statement),
            Step::Account(..)
            | Step::Disable(_)
            | Step::EndlessKey
            | Step::Reached(_)
            | Step::Waive
            | Step::Fork => self.change_rows(*step),
        }
    }

    fn sql(&self, statement: &'static str) {
        let path = self.path("data/galerne.db");
        wait(async {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
            let mut connection = sqlx::ConnectOptions::connect(&options).await?;
            let done = sqlx::query(statement).execute(&mut connection).await?;
            assert!(done.rows_affected() > 0, "{statement}");
            sqlx::Connection::close(connection).await?;
            Ok(())
        })
        .unwrap();
    }

    fn change_rows(&self, step: Step) {
        let settings = settings(self.root.path(), &self.settings, "127.0.0.1:1");
        wait(async {
            let local = Local::open(&settings).await?;
            let operator = local.operator().await?;
            row(&local, &operator, step).await;
            if let Step::Fork = step {
                fork(&local, &settings, &self.path("outside/checkpoints")).await;
            }
            local.close().await;
            Ok(())
        })
        .unwrap();
    }

    /// `declarations.toml`, with what was said of its papers.
    fn declare(&self, now: Timestamp) {
        let mut text = String::new();
        let declared = Check::ALL.iter().filter(|check| check.facts().kind == Kind::Declared);
        for &check in declared {
            let paper = self.papers.iter().find(|(broken, _)| *broken == check);
            let (made, until) = match paper.map(|(_, paper)| *paper) {
                Some(Paper::Missing) => continue,
                Some(Paper::Expired) => (20, 1),
                Some(Paper::Old) => (400, -400),
                Some(Paper::Future) => (-20, -400),
                Some(Paper::Other | Paper::NoDocument) | None => (10, -400),
            };
            let is_other = matches!(paper, Some((_, Paper::Other)));
            let is_absent = matches!(paper, Some((_, Paper::NoDocument)));
            let sha256 = digest(if is_other { b"another" } else { PAPER });
            let document = if is_absent { "absent.txt" } else { "paper.txt" };
            let (made, until) = (day_before(now, made), day_before(now, until));
            let row = format!(
                "[[declaration]]\ncheck = '{}'\nstatement = 'So it is.'\nby = 'A. Martin'\n\
                 document = '{document}'\nsha256 = '{sha256}'\nmade = '{made}'\nuntil = '{until}'\n",
                check.facts().id
            );
            text.push_str(&row);
        }
        fs::write(self.path("data/declarations.toml"), text).unwrap();
    }

    pub(super) fn assess(&self) -> Assessment {
        let canary = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = canary.local_addr().unwrap().to_string();
        let settings = settings(self.root.path(), &self.settings, &address);
        // A minute ahead, so that nothing depends on how long the steps took.
        let now = SystemClock.now().plus_seconds(60);
        self.declare(now);
        let mut around = self.around(canary, now);
        for change in &self.around {
            change(&mut around);
        }
        wait(async {
            let local = Local::open(&settings).await?;
            let scene = Scene::gather(&local, &settings, around).await?;
            let assessment = assess(&scene, None);
            local.close().await;
            Ok(assessment)
        })
        .unwrap()
    }

    fn around(&self, canary: TcpListener, now: Timestamp) -> Surroundings {
        let mut program = Program::this().unwrap();
        program.commit = Some("0123abc");
        program.page = vec![("index.html".to_owned(), b"<p>Galerne</p>".to_vec())];
        let machine =
            Machine { proc: self.path("proc"), sys: self.path("sys"), is_dumpable: Some(false) };
        let environment = vec![("PATH".to_owned(), "/bin".to_owned())];
        Surroundings { machine, program, environment, now, canary, stop: CancellationToken::new() }
    }
}

async fn row(local: &Local, operator: &Caller, step: Step) {
    match step {
        Step::Account(name, role) => {
            account(local, operator, name, AccountKind::Person, role).await;
        }
        Step::Disable(name) => {
            let name = name.parse().unwrap();
            let account = local.access.account_named(operator, &name).await.unwrap();
            let wish = Wish { role: None, disabled: Some(true) };
            local.access.update_account(operator, account.id, wish).await.unwrap();
        }
        Step::EndlessKey => {
            local.access.create_key(operator, &of_models("endless")).await.unwrap();
        }
        Step::Reached(party) => {
            let subject = Subject::Party(party.to_owned());
            let fact = AuditFact { subject, ..AuditFact::refused("ok", None) };
            let fact = AuditFact { action: Action::EgressExchange, ..fact };
            local.trail.record(&fact).await.unwrap();
        }
        Step::Waive => {
            let files = ModelFiles::new(&local.data_dir);
            let id = "demo".parse().unwrap();
            let sha256 = files.find(&id).unwrap().sha256;
            let waiver = local.waivers.waive(&sha256, "ours", Timestamp::from_micros(1));
            files.write_waiver(&id, &waiver).unwrap();
        }
        _ => {}
    }
}

/// A checkpoint of the same size and another root, signed with the stolen key.
async fn fork(local: &Local, settings: &Settings, witness: &Path) {
    let signer = local.data_dir.log_key().unwrap().unwrap();
    let reader = log::reader(local, &settings.log.value).await.unwrap();
    let (_, checkpoint) = reader.checkpoint().await.unwrap().unwrap();
    let forged = Checkpoint { root: transparency_log::leaf_hash(b"another"), ..checkpoint };
    let mut text = fs::read_to_string(witness).unwrap();
    text.push_str(&forged.sign(&signer).unwrap().to_string());
    text.push('\n');
    fs::write(witness, text).unwrap();
}
