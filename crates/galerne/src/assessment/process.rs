//! How the program runs: as whom, with what rights, and who reaches it.
//!
//! The server is looked at where one works on the data directory, and this process where none does.

use governance::KeySecret;
use sovereignty::Measured;

use super::Scene;

/// Last words of names under which secrets are handed over.
const SECRET_WORDS: [&str; 7] =
    ["KEY", "SECRET", "TOKEN", "PASSWORD", "PASSWD", "PASSPHRASE", "CREDENTIALS"];

/// Whose facts are told, and the file that tells them.
fn of_process(scene: &Scene<'_>, name: &str) -> Result<(String, String), Measured> {
    let (whose, folder) = match scene.server {
        Some(process) => (format!("the server, process {process}"), process.to_string()),
        None if scene.is_served => {
            return Err(Measured::not_measured("the process of the server is not seen from here"));
        }
        None => ("this process, as no server runs".to_owned(), "self".to_owned()),
    };
    let text = scene.around.machine.proc(&format!("{folder}/{name}"));
    text.map(|text| (whose, text)).map_err(Measured::not_measured)
}

/// The values behind a name in a file of `/proc`.
fn field<'a>(text: &'a str, name: &str) -> Option<Vec<&'a str>> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(rest.split_whitespace().collect())
}

pub(super) fn memory_closed(scene: &Scene<'_>) -> Measured {
    match scene.around.machine.is_dumpable {
        Some(false) => Measured::passed("this process of the same program is closed"),
        Some(true) => Measured::failed("this process is open to others of its user"),
        None => Measured::not_measured("the kernel does not say"),
    }
}

pub(super) fn no_core(scene: &Scene<'_>) -> Measured {
    let (whose, limits) = match of_process(scene, "limits") {
        Ok(found) => found,
        Err(unknown) => return unknown,
    };
    match field(&limits, "Max core file size").as_deref() {
        Some([soft, hard, ..]) => {
            let seen = format!("{whose}: {soft}, at most {hard}");
            Measured::when(*soft == "0" && *hard == "0", seen)
        }
        Some(_) | None => Measured::not_measured("the kernel tells no limit"),
    }
}

pub(super) fn not_root(scene: &Scene<'_>) -> Measured {
    let (whose, status) = match of_process(scene, "status") {
        Ok(found) => found,
        Err(unknown) => return unknown,
    };
    match field(&status, "Uid:") {
        Some(users) if !users.is_empty() => {
            Measured::when(!users.contains(&"0"), format!("{whose}: user {}", users.join(" ")))
        }
        Some(_) | None => Measured::not_measured("the kernel tells no user"),
    }
}

pub(super) fn no_new_privileges(scene: &Scene<'_>) -> Measured {
    let (whose, status) = match of_process(scene, "status") {
        Ok(found) => found,
        Err(unknown) => return unknown,
    };
    match field(&status, "NoNewPrivs:").as_deref() {
        Some([value]) => Measured::when(*value == "1", format!("{whose}: {value}")),
        Some(_) | None => Measured::not_measured("the kernel does not say"),
    }
}

/// The server speaks HTTP without TLS: only this machine may reach it, and what stands in front.
pub(super) fn transport_safe(scene: &Scene<'_>) -> Measured {
    let listen = scene.settings.listen.value;
    Measured::when(listen.ip().is_loopback(), format!("listens on {listen}, without TLS"))
}

pub(super) fn environment_clean(scene: &Scene<'_>) -> Measured {
    let (whose, variables) = if scene.is_served {
        match of_process(scene, "environ") {
            Ok((_, text)) => ("the server", variables(&text)),
            Err(unknown) => return unknown,
        }
    } else {
        ("this process", scene.around.environment.clone())
    };
    let secrets = variables.iter().filter(|(name, value)| is_secret(name, value));
    let names: Vec<_> = secrets.map(|(name, _)| name.as_str()).collect();
    if names.is_empty() {
        return Measured::passed(format!("{whose}: {} variables", variables.len()));
    }
    Measured::failed(format!("{whose}: {}", names.join(", ")))
}

fn variables(text: &str) -> Vec<(String, String)> {
    let pairs = text.split('\0').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn is_secret(name: &str, value: &str) -> bool {
    let word = name.rsplit('_').next().unwrap_or(name).to_ascii_uppercase();
    let is_named = SECRET_WORDS.contains(&word.as_str()) && !value.is_empty();
    is_named || KeySecret::parse(value).is_ok() || value.starts_with("PRIVATE+KEY+")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_name_or_by_form() {
        for (name, value, expected) in [
            ("PATH", "/bin", false),
            ("AWS_SECRET_ACCESS_KEY", "x", true),
            ("API_TOKEN", "x", true),
            ("API_TOKEN", "", false),
            ("password", "x", true),
            ("KEYBOARD", "fr", false),
            ("NOTHING", "PRIVATE+KEY+a+b+c", true),
        ] {
            assert_eq!(is_secret(name, value), expected, "{name}={value}");
        }
    }
}
