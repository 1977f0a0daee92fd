//! Tries to get out: what a process would do that was taken over. The suite `confinement` runs it
//! confined as the server and its workers are, and as a control with less.
//!
//! ```text
//! confinement_probe confined     first confines itself, as the order on its input says
//! confinement_probe landlock     has paths and TCP taken away, by Landlock alone
//! confinement_probe free         stays as it is
//! ```
//!
//! The input, after the order, says where to get out to. One line of JSON tells of each attempt.
#![expect(clippy::print_stdout, reason = "its output is its purpose")]
#![expect(clippy::disallowed_methods, reason = "it does what nothing else may")]

use std::{
    ffi::c_int,
    fs,
    io::{self, Read as _},
    net::{SocketAddr, TcpStream, UdpSocket},
    os::{
        linux::net::SocketAddrExt as _,
        unix::net::{SocketAddr as UnixAddress, UnixStream},
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use landlock::{ABI, Access as _, AccessFs, AccessNet, Ruleset, RulesetAttr as _};
use serde::Deserialize;
use serde_json::{Value, json};

/// Only where a wall swallows what it should refuse.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where to get out to.
#[derive(Deserialize)]
struct Ways {
    /// Sent, so that whoever receives it knows from whom.
    mark: String,
    tcp: Vec<SocketAddr>,
    udp: Vec<SocketAddr>,
    unix: Vec<PathBuf>,
    abstract_unix: Vec<String>,
    read: Vec<PathBuf>,
    write: Vec<PathBuf>,
    programs: Vec<PathBuf>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (granted, input) = match std::env::args().nth(1).as_deref() {
        Some("confined") => {
            let order = confine::enter()?;
            (serde_json::to_value(order.granted)?, order.input)
        }
        Some("landlock") => (json!({ "landlock": landlock_alone()? }), whole_input()?),
        Some("free") => (Value::Null, whole_input()?),
        other => return Err(format!("{other:?} is not confined, landlock or free").into()),
    };
    let ways: Ways = serde_json::from_slice(&input)?;
    println!("{}", json!({ "granted": granted, "tried": attempts(&ways) }));
    Ok(())
}

fn whole_input() -> io::Result<Vec<u8>> {
    let mut input = Vec::new();
    io::stdin().read_to_end(&mut input)?;
    Ok(input)
}

/// The wall that was measured to let UDP through.
fn landlock_alone() -> Result<bool, landlock::RulesetError> {
    let rules = Ruleset::default().handle_access(AccessNet::from_all(ABI::V4))?;
    let rules = rules.handle_access(AccessFs::Execute)?.create()?;
    let status = rules.restrict_self()?;
    Ok(status.ruleset == landlock::RulesetStatus::FullyEnforced)
}

/// Name, kind and error of each; no error when it got out.
fn attempts(ways: &Ways) -> Vec<Value> {
    let mut tried = Vec::new();
    let mut tell = |kind: &str, what: String, outcome: io::Result<()>| {
        let error = outcome.err().map(|error| error.to_string());
        tried.push(json!({ "kind": kind, "what": what, "error": error }));
    };
    for address in &ways.tcp {
        tell("tcp", address.to_string(), tcp(*address, &ways.mark));
    }
    for address in &ways.udp {
        tell("udp", address.to_string(), udp(*address, &ways.mark));
    }
    for path in &ways.unix {
        let sent = UnixStream::connect(path).and_then(|to| send(to, &ways.mark));
        tell("unix", path.display().to_string(), sent);
    }
    for name in &ways.abstract_unix {
        tell("unix", format!("@{name}"), abstract_unix(name, &ways.mark));
    }
    for (what, family, kind, protocol) in SOCKETS {
        tell("socket", what.to_owned(), socket(family, kind, protocol));
    }
    for path in &ways.read {
        tell("read", path.display().to_string(), fs::read(path).map(drop));
    }
    for path in &ways.write {
        tell("write", path.display().to_string(), fs::write(path, &ways.mark));
    }
    for program in &ways.programs {
        tell("program", program.display().to_string(), start(program));
    }
    for (what, call) in CALLS {
        tell("call", what.to_owned(), raw(call));
    }
    tried
}

/// Sockets that need no address to be worth something.
const SOCKETS: [(&str, c_int, c_int, c_int); 6] = [
    ("icmp", libc::AF_INET, libc::SOCK_DGRAM, libc::IPPROTO_ICMP),
    ("raw", libc::AF_INET, libc::SOCK_RAW, libc::IPPROTO_TCP),
    ("raw over IPv6", libc::AF_INET6, libc::SOCK_RAW, libc::IPPROTO_UDP),
    ("packet", libc::AF_PACKET, libc::SOCK_RAW, 0),
    ("netlink", libc::AF_NETLINK, libc::SOCK_RAW, 0),
    ("vsock", libc::AF_VSOCK, libc::SOCK_STREAM, 0),
];

/// Calls that a wall answers before it looks at what they are given, which is nothing that works.
const CALLS: [(&str, i64); 8] = [
    ("ptrace", libc::SYS_ptrace),
    ("process_vm_readv", libc::SYS_process_vm_readv),
    ("mount", libc::SYS_mount),
    ("bpf", libc::SYS_bpf),
    ("init_module", libc::SYS_init_module),
    ("setns", libc::SYS_setns),
    ("perf_event_open", libc::SYS_perf_event_open),
    ("io_uring_setup", libc::SYS_io_uring_setup),
];

fn tcp(address: SocketAddr, mark: &str) -> io::Result<()> {
    send(TcpStream::connect_timeout(&address, PATIENCE)?, mark)
}

fn udp(address: SocketAddr, mark: &str) -> io::Result<()> {
    let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    UdpSocket::bind(any)?.send_to(mark.as_bytes(), address).map(drop)
}

fn abstract_unix(name: &str, mark: &str) -> io::Result<()> {
    let address = UnixAddress::from_abstract_name(name)?;
    send(UnixStream::connect_addr(&address)?, mark)
}

fn send(mut to: impl io::Write, mark: &str) -> io::Result<()> {
    to.write_all(mark.as_bytes())
}

fn start(program: &Path) -> io::Result<()> {
    let quiet = Command::new(program)
        .arg("--version")
        .env("LD_PRELOAD", "")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    quiet.and_then(|mut child| child.wait()).map(drop)
}

fn socket(family: c_int, kind: c_int, protocol: c_int) -> io::Result<()> {
    // SAFETY: three numbers; the descriptor that is made is kept until the process ends.
    #[expect(unsafe_code, reason = "the standard library makes no such sockets")]
    let made = unsafe { libc::socket(family, kind, protocol) };
    if made < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Succeeds where the kernel looked at the call at all.
fn raw(call: i64) -> io::Result<()> {
    // SAFETY: what is not there is asked for, with no memory: each fails, or does nothing.
    #[expect(unsafe_code, reason = "no safe form of a call that must fail")]
    let answer = unsafe { libc::syscall(call, -1_i64, 0_i64, 0_i64, 0_i64, 0_i64, 0_i64) };
    match io::Error::last_os_error() {
        error if answer < 0 && is_denial(&error) => Err(error),
        _ => Ok(()),
    }
}

fn is_denial(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EPERM | libc::ENOSYS))
}
