//! What the server gives up once it listens, and the entry in its log that says so.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use confine::{Confinement, Descriptors, Granted, Limits, Network, Programs};

use crate::{
    config::{ConfinementSettings, Settings, WitnessPlace, environment},
    data_dir::DataDir,
    failure::{Exit, Failure},
};

/// Energy counters, which are links; how many processors may be used; what `SQLite` draws from.
const MACHINE: [&str; 4] =
    ["/sys/class/powercap", "/sys/devices/virtual/powercap", "/sys/fs/cgroup", "/dev/urandom"];
/// The processor time of the machine, and again how many processors. The kernel makes such a file
/// anew for whoever opens it while nobody has it open, and what is permitted goes by the old one.
const HELD: [&str; 2] = ["/proc/stat", "/proc/self/cgroup"];
/// What tells where names lead and whose certificates count; only read where there is a destination.
/// Whole directories: files there are replaced when a machine moves to another network.
const NETWORK: [&str; 4] = [
    "/etc",
    "/run/systemd/resolve",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
];
/// Name servers that answer with more than fits into a datagram.
const NAME_SERVER_PORT: u16 = 53;
/// `models/<id>/model/<file>`
const LINKS_DEPTH: usize = 4;

/// Why something is not confined that has to be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfinementError {
    #[error("the kernel does not grant what `confinement.required` asks for: {missing}")]
    NotGranted { missing: String },
}

impl ConfinementError {
    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Self::NotGranted { .. } => "confinement.not_granted",
        }
    }
}

/// To be kept while the server runs.
pub(crate) struct Confined {
    /// `None` if the settings do not want it.
    granted: Option<Granted>,
    _held: Vec<File>,
}

impl Confined {
    /// One line of the log.
    pub(crate) fn tell(&self) {
        let Some(granted) = &self.granted else {
            tracing::warn!("the server is not confined: `confinement.server` is false");
            return;
        };
        let missing = granted.missing();
        if granted.is_enough() {
            tracing::info!(%granted, missing, "the server is confined");
        } else {
            tracing::warn!(%granted, missing, "the server is confined in part only");
        }
    }
}

/// Confines the server, once it listens and before it makes threads.
pub(crate) fn confine_server(settings: &Settings) -> Result<Confined, Failure> {
    let wanted = &settings.confinement.value;
    if !wanted.server {
        return Ok(Confined { granted: None, _held: Vec::new() });
    }
    let held = HELD.into_iter().filter_map(|path| File::open(path).ok()).collect();
    let granted = server(settings)?.apply()?;
    check(wanted, &granted)?;
    Ok(Confined { granted: Some(granted), _held: held })
}

/// Whether what the kernel grants is enough for these settings.
pub(crate) fn check(wanted: &ConfinementSettings, granted: &Granted) -> Result<(), Failure> {
    if granted.is_enough() || !wanted.required {
        return Ok(());
    }
    let error = ConfinementError::NotGranted { missing: granted.missing() };
    let code = error.code();
    Err(Failure::new(Exit::Failed, anyhow::Error::new(error).context(code)).hint(
        "use a kernel with Landlock (Linux 5.13) and seccomp, or set `confinement.required` to false",
    ))
}

/// What is left to the server: what it serves from, and what its settings name.
pub(crate) fn server(settings: &Settings) -> Result<Confinement, Failure> {
    let given = &settings.data_dir.value;
    let data_dir = fs::canonicalize(given).unwrap_or_else(|_| given.clone());
    let mut write = vec![data_dir.clone()];
    if let Some(WitnessPlace::File(path)) = &settings.log.value.witness {
        write.extend(path.ancestors().skip(1).find(|folder| folder.is_dir()).map(Path::to_owned));
    }
    let mut read = settings.confinement.value.read.clone();
    read.extend(MACHINE.into_iter().chain(HELD).map(PathBuf::from));
    // What was moved to another disk and is linked here.
    let places = DataDir::linked_places();
    write.extend(places.map(|place| data_dir.join(place)).filter(|place| place.is_symlink()));
    links(&data_dir.join("models"), LINKS_DEPTH, &mut read);
    secrets(settings, &mut read, &mut write);
    let ports = settings.outbound.ports()?;
    let network = if ports.is_empty() {
        Network::Accept
    } else {
        read.extend(NETWORK.map(PathBuf::from));
        read.extend(certificates());
        Network::Connect { ports: ports.into_iter().chain([NAME_SERVER_PORT]).collect() }
    };
    Ok(Confinement {
        network,
        descriptors: Descriptors::All,
        read,
        write,
        writes_as_root: true,
        limits: Limits::default(),
        programs: Programs::None,
    })
}

/// Where the settings keep secrets: folders, since a file that is put back is another one. The
/// wrapping key is made at the first start.
fn secrets(settings: &Settings, read: &mut Vec<PathBuf>, write: &mut Vec<PathBuf>) {
    let oidc = settings.identity.value.oidc.as_ref();
    if let Some(file) = oidc.and_then(|oidc| oidc.client_secret_file.as_deref()) {
        read.extend(folder(file));
    }
    if let Some(file) = settings.encryption.value.key_file.as_deref() {
        let places = if file.exists() { &mut *read } else { write };
        places.extend(folder(file));
    }
    let upstreams = settings.upstreams.value.iter();
    read.extend(upstreams.filter_map(|one| one.credentials.as_deref()).filter_map(folder));
}

fn folder(file: &Path) -> Option<PathBuf> {
    file.parent().map(Path::to_owned)
}

/// Where certificate authorities are, if not where systems have them.
fn certificates() -> impl Iterator<Item = PathBuf> {
    let places = ["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter().filter_map(environment);
    places.map(PathBuf::from)
}

/// The links below a folder.
fn links(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let (path, kind) = (entry.path(), entry.file_type());
        match kind {
            Ok(kind) if kind.is_symlink() => found.push(path),
            Ok(kind) if kind.is_dir() && depth > 1 => links(&path, depth - 1, found),
            Ok(_) | Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use confine::Grant;

    use super::*;

    fn granted(files: Grant) -> Granted {
        Granted {
            no_new_privileges: Grant::Whole,
            files,
            landlock: 0,
            system_calls: Grant::Whole,
            network_namespace: Grant::Unasked,
            capabilities: Grant::Whole,
            limits: Grant::Unasked,
            descriptors: Grant::Unasked,
        }
    }

    #[test]
    fn only_who_requires_it_is_refused_what_the_kernel_does_not_grant() {
        let missing = granted(Grant::Missing("the kernel has no Landlock".to_owned()));
        let required = ConfinementSettings { required: true, ..ConfinementSettings::default() };
        assert!(check(&ConfinementSettings::default(), &missing).is_ok());
        assert!(check(&required, &granted(Grant::Whole)).is_ok());
        let refused = check(&required, &missing).unwrap_err().text();
        assert!(refused.starts_with("confinement.not_granted: "), "{refused}");
        assert!(refused.contains("files (the kernel has no Landlock)"), "{refused}");
    }

    #[test]
    fn links_below_a_folder_are_found() {
        let temp = tempfile::tempdir().unwrap();
        let model = temp.path().join("one/model");
        fs::create_dir_all(&model).unwrap();
        let link = |target: &str, at: PathBuf| std::os::unix::fs::symlink(target, at).unwrap();
        link("/nowhere", model.join("a.safetensors"));
        link("/elsewhere", temp.path().join("two"));
        fs::write(model.join("config.json"), "{}").unwrap();
        let mut found = Vec::new();
        links(temp.path(), LINKS_DEPTH, &mut found);
        found.sort();
        assert_eq!(found, [model.join("a.safetensors"), temp.path().join("two")]);
    }
}
