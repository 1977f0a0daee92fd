//! Which system calls are denied, and why.

use libc::c_long;
use seccompiler::{
    BackendError,
    SeccompCmpArgLen::{Dword, Qword},
    SeccompCmpOp::{self, MaskedEq, Ne},
    SeccompCondition, SeccompRule,
};

use super::Rules;
use crate::{Network, Programs};

/// The calls that are denied.
pub(super) struct Denied {
    /// Answered with `EPERM`.
    pub(super) forbidden: Rules,
    /// Answered with `ENOSYS`.
    pub(super) unknown: Rules,
}

/// Programs. Which ones are left is for Landlock to say, which goes by paths.
const PROGRAMS: &[c_long] = &[libc::SYS_execve];

/// A program without a path of its own.
const NAMELESS_PROGRAMS: &[c_long] = &[libc::SYS_execveat];

/// Into other processes.
const OTHERS: &[c_long] = &[
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
];

/// Other views of files, networks and processes.
const VIEWS: &[c_long] = &[
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_chroot,
    libc::SYS_pivot_root,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_mount_setattr,
    libc::SYS_open_by_handle_at,
    libc::SYS_mknodat,
];

/// What only administrators do, and what faults of the kernel are reached by.
const ADMINISTRATION: &[c_long] = &[
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_fanotify_init,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_syslog,
    libc::SYS_vhangup,
    libc::SYS_personality,
];

/// Processes, in calls that newer processors do not have.
#[cfg(target_arch = "x86_64")]
const OLDER_PROCESSES: &[c_long] = &[libc::SYS_fork, libc::SYS_vfork];
#[cfg(not(target_arch = "x86_64"))]
const OLDER_PROCESSES: &[c_long] = &[];

/// Other views and other modes of the processor, likewise.
#[cfg(target_arch = "x86_64")]
const OLDER: &[c_long] = &[
    libc::SYS_mknod,
    libc::SYS_iopl,
    libc::SYS_ioperm,
    libc::SYS_modify_ldt,
    libc::SYS_kexec_file_load,
    libc::SYS_uselib,
];
#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[c_long] = &[];

/// Rings do other calls unseen; of `clone3` the filter cannot see what it makes, and the C library
/// goes back to `clone`.
const UNSEEN: &[c_long] = &[
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_clone3,
];

/// What a new process would have to itself.
const NAMESPACES: [libc::c_int; 7] = [
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWNS,
    libc::CLONE_NEWNET,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWCGROUP,
];

/// New sockets, and new ends of old ones: `connect` would lead an accepted one elsewhere.
const SOCKETS: &[c_long] =
    &[libc::SYS_socket, libc::SYS_connect, libc::SYS_bind, libc::SYS_listen, libc::SYS_sendmmsg];

/// Bits of the type of a socket that say what it is.
const KIND_BITS: u64 = 0xf;
/// Raw, reliably delivered, sequenced, congestion-controlled, and packets of the wire.
const KINDS: [u64; 5] = [3, 4, 5, 6, 10];
/// The usual one of the kind, TCP, UDP.
const PROTOCOLS: [u64; 3] = [0, 6, 17];

pub(super) fn denied(network: &Network, programs: &Programs) -> Result<Denied, BackendError> {
    let mut forbidden = Rules::new();
    for call in [NAMELESS_PROGRAMS, OTHERS, VIEWS, ADMINISTRATION, OLDER].into_iter().flatten() {
        forbidden.insert(*call, Vec::new());
    }
    match programs {
        Programs::None => {
            forbidden.extend(PROGRAMS.iter().map(|call| (*call, Vec::new())));
            no_processes(&mut forbidden)?;
        }
        Programs::Become(_) => no_processes(&mut forbidden)?,
        Programs::Start(_) => other_namespaces(&mut forbidden)?,
    }
    // Typing on the terminal of whoever started this.
    let typing = [libc::TIOCSTI, libc::TIOCLINUX];
    let typing = typing.map(|request| when(1, SeccompCmpOp::Eq, request));
    forbidden.insert(libc::SYS_ioctl, typing.into_iter().collect::<Result<_, _>>()?);
    match network {
        Network::None | Network::Accept => {
            forbidden.extend(SOCKETS.iter().map(|call| (*call, Vec::new())));
            send_to_the_other_end_only(&mut forbidden)?;
        }
        Network::Connect { .. } => {
            forbidden.insert(libc::SYS_socket, other_sockets()?);
            forbidden.insert(libc::SYS_listen, Vec::new());
        }
    }
    let unknown = UNSEEN.iter().map(|call| (*call, Vec::new())).collect();
    Ok(Denied { forbidden, unknown })
}

/// Threads are left.
fn no_processes(rules: &mut Rules) -> Result<(), BackendError> {
    rules.extend(OLDER_PROCESSES.iter().map(|call| (*call, Vec::new())));
    // Whatever it makes shares the thread group: no process, but a thread.
    let thread = bits(0, libc::CLONE_THREAD.cast_unsigned().into(), 0)?;
    rules.insert(libc::SYS_clone, vec![thread]);
    Ok(())
}

/// A process may be made, but not in namespaces of its own: there it would be root.
fn other_namespaces(rules: &mut Rules) -> Result<(), BackendError> {
    let wanted = NAMESPACES.map(|flag| {
        let flag = u64::from(flag.cast_unsigned());
        bits(0, flag, flag)
    });
    rules.insert(libc::SYS_clone, wanted.into_iter().collect::<Result<_, _>>()?);
    Ok(())
}

/// A socket that was shut could be opened elsewhere by what is sent over it.
fn send_to_the_other_end_only(rules: &mut Rules) -> Result<(), BackendError> {
    let fast = u64::from(libc::MSG_FASTOPEN.cast_unsigned());
    let addressed = SeccompRule::new(vec![SeccompCondition::new(4, Qword, Ne, 0)?])?;
    rules.insert(libc::SYS_sendto, vec![addressed, bits(3, fast, fast)?]);
    rules.insert(libc::SYS_sendmsg, vec![bits(2, fast, fast)?]);
    Ok(())
}

/// Everything but TCP and UDP over IPv4 and IPv6.
fn other_sockets() -> Result<Vec<SeccompRule>, BackendError> {
    let not = |argument, values: &[u64]| {
        let conditions =
            values.iter().map(|value| SeccompCondition::new(argument, Dword, Ne, *value));
        SeccompRule::new(conditions.collect::<Result<_, _>>()?)
    };
    let families = [libc::AF_INET, libc::AF_INET6].map(|family| u64::from(family.cast_unsigned()));
    let mut rules = vec![not(0, &families)?, not(2, &PROTOCOLS)?];
    for kind in KINDS {
        rules.push(bits(1, KIND_BITS, kind)?);
    }
    Ok(rules)
}

fn when(argument: u8, comparison: SeccompCmpOp, value: u64) -> Result<SeccompRule, BackendError> {
    SeccompRule::new(vec![SeccompCondition::new(argument, Dword, comparison, value)?])
}

/// True when these bits of an argument have these values.
fn bits(argument: u8, mask: u64, value: u64) -> Result<SeccompRule, BackendError> {
    when(argument, MaskedEq(mask), value)
}
