//! Files of the data directory, their modes, and the disk under them.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
};

use sovereignty::Measured;

use super::Scene;

/// File systems whose bytes lie on other machines.
const NETWORK: [&str; 11] = [
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "9p",
    "ceph",
    "glusterfs",
    "afs",
    "lustre",
    "fuse.sshfs",
    "fuse.s3fs",
];

pub(super) fn key_private(scene: &Scene<'_>, name: &str) -> Measured {
    file_private(scene, &scene.data_dir.join(name), name)
}

/// Whether a file is that of whoever keeps the data directory, and nobody else's.
pub(super) fn file_private(scene: &Scene<'_>, path: &Path, name: &str) -> Measured {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) => return Measured::not_measured(format!("{name}: {error}")),
    };
    let mode = found.permissions().mode() & 0o7777;
    let keeper = match fs::metadata(&scene.data_dir) {
        Ok(folder) => folder.uid(),
        Err(error) => return Measured::not_measured(error.to_string()),
    };
    let seen = format!("mode {mode:04o}, owner {}", found.uid());
    if !found.is_file() {
        return Measured::failed(format!("{name} is no ordinary file"));
    }
    if found.uid() != keeper {
        return Measured::failed(format!("{seen}, and the data directory is of {keeper}"));
    }
    Measured::when(mode.trailing_zeros() >= 6, seen)
}

pub(super) fn data_private(scene: &Scene<'_>) -> Measured {
    match fs::metadata(&scene.data_dir) {
        Ok(found) => {
            let mode = found.permissions().mode() & 0o777;
            Measured::when(mode.trailing_zeros() >= 6, format!("mode {mode:04o}"))
        }
        Err(error) => Measured::not_measured(error.to_string()),
    }
}

/// The mount that holds a path: number of the device, and kind of the file system.
struct Mount {
    device: String,
    kind: String,
}

/// The last one whose point is the longest beginning of the path, as the kernel resolves it.
fn mount_of(mounts: &str, path: &Path) -> Option<Mount> {
    let mut best: Option<(usize, Mount)> = None;
    for line in mounts.lines() {
        let (before, after) = line.split_once(" - ")?;
        let mut fields = before.split(' ').skip(2);
        let (device, _root, point) = (fields.next()?, fields.next()?, fields.next()?);
        let point = point.replace("\\040", " ");
        if !path.starts_with(&point) {
            continue;
        }
        if best.as_ref().is_none_or(|(length, _)| point.len() >= *length) {
            let kind = after.split(' ').next()?.to_owned();
            best = Some((point.len(), Mount { device: device.to_owned(), kind }));
        }
    }
    best.map(|(_, mount)| mount)
}

fn mount(scene: &Scene<'_>) -> Result<Mount, Measured> {
    let mounts = scene.around.machine.proc("self/mountinfo").map_err(Measured::not_measured)?;
    mount_of(&mounts, &scene.data_dir)
        .ok_or_else(|| Measured::not_measured("no mount holds the data directory"))
}

pub(super) fn data_local(scene: &Scene<'_>) -> Measured {
    match mount(scene) {
        Ok(mount) => {
            let is_local = !NETWORK.contains(&mount.kind.as_str());
            Measured::when(is_local, format!("file system {}", mount.kind))
        }
        Err(unknown) => unknown,
    }
}

pub(super) fn disk_encrypted(scene: &Scene<'_>) -> Measured {
    let mount = match mount(scene) {
        Ok(mount) => mount,
        Err(unknown) => return unknown,
    };
    if mount.device.starts_with("0:") {
        let kind = mount.kind;
        return Measured::not_measured(format!("{kind} does not tell on which disk it lies"));
    }
    let folder = format!("dev/block/{}", mount.device);
    if !scene.around.machine.has_sys(&folder) {
        return Measured::not_measured(format!("the kernel tells nothing of {}", mount.device));
    }
    let is_encrypted = is_crypt(scene, &format!("{folder}/dm/uuid"))
        || scene
            .around
            .machine
            .list_sys(&format!("{folder}/slaves"))
            .iter()
            .any(|below| is_crypt(scene, &format!("{folder}/slaves/{below}/dm/uuid")));
    let seen = if is_encrypted { "dm-crypt" } else { "no dm-crypt under it" };
    Measured::when(is_encrypted, format!("{}: {seen}", mount.device))
}

fn is_crypt(scene: &Scene<'_>, uuid: &str) -> bool {
    scene.around.machine.sys(uuid).is_ok_and(|uuid| uuid.starts_with("CRYPT-"))
}

pub(super) fn swap_safe(scene: &Scene<'_>) -> Measured {
    let swaps = match scene.around.machine.proc("swaps") {
        Ok(swaps) => swaps,
        Err(reason) => return Measured::not_measured(reason),
    };
    let places = swaps.lines().skip(1).filter_map(|line| line.split_whitespace().next());
    let places: Vec<_> = places.collect();
    let is_open = |place: &&str| {
        let device = place.rsplit('/').next().unwrap_or(place);
        // Compressed in memory, or encrypted.
        !device.starts_with("zram") && !is_crypt(scene, &format!("block/{device}/dm/uuid"))
    };
    let open: Vec<_> = places.iter().copied().filter(|place| is_open(place)).collect();
    match (open.as_slice(), places.as_slice()) {
        ([], []) => Measured::passed("there is no swap"),
        ([], _) => Measured::passed("all swap is encrypted or in memory"),
        (open, _) => Measured::failed(format!("not encrypted: {}", open.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mount_of_a_path_is_the_longest_and_last() {
        let mounts = "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
                      23 22 0:40 / /srv rw shared:1 - nfs4 host:/x rw\n\
                      24 22 8:2 / /srv/my\\040data rw - xfs /dev/sda2 rw\n";
        for (path, kind) in
            [("/", "ext4"), ("/srv", "nfs4"), ("/srv/my data/a", "xfs"), ("/srvx", "ext4")]
        {
            assert_eq!(mount_of(mounts, Path::new(path)).unwrap().kind, kind, "{path}");
        }
        assert!(mount_of("", Path::new("/")).is_none());
    }
}
