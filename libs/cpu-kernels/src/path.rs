//! Which instructions a kernel may use.

/// An instruction set that some kernels are written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PathKind {
    /// Plain Rust, for every processor; also the reference for the others.
    Scalar,
    /// x86-64 with AVX2, FMA and F16C.
    Avx2,
    /// x86-64 with AVX-512 (F, BW, DQ, VL) and its byte dot product (VNNI).
    Avx512Vnni,
    /// 64-bit ARM with NEON and its byte dot product.
    Neon,
}

impl PathKind {
    /// All kinds, those of one architecture slowest first.
    pub const ALL: [PathKind; 4] =
        [PathKind::Scalar, PathKind::Avx2, PathKind::Avx512Vnni, PathKind::Neon];

    /// A short stable name: `scalar`, `avx2`, `avx512-vnni` or `neon`.
    pub fn name(self) -> &'static str {
        match self {
            PathKind::Scalar => "scalar",
            PathKind::Avx2 => "avx2",
            PathKind::Avx512Vnni => "avx512-vnni",
            PathKind::Neon => "neon",
        }
    }

    /// The kind of this [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<PathKind> {
        PathKind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    #[cfg(target_arch = "x86_64")]
    fn is_supported(self) -> bool {
        let avx2 = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("f16c");
        match self {
            PathKind::Scalar => true,
            PathKind::Avx2 => avx2,
            PathKind::Avx512Vnni => {
                avx2 && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512vnni")
            }
            PathKind::Neon => false,
        }
    }

    #[cfg(target_arch = "aarch64")]
    fn is_supported(self) -> bool {
        match self {
            PathKind::Scalar => true,
            PathKind::Avx2 | PathKind::Avx512Vnni => false,
            PathKind::Neon => {
                cfg!(target_endian = "little")
                    && std::arch::is_aarch64_feature_detected!("neon")
                    && std::arch::is_aarch64_feature_detected!("dotprod")
            }
        }
    }

    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    fn is_supported(self) -> bool {
        matches!(self, PathKind::Scalar)
    }
}

/// Proof that this processor has the instructions of a [`PathKind`].
///
/// It can be made only by [`Path::select`], [`Path::available`] and [`Path::best`], which ask
/// the processor, or as [`Path::SCALAR`]; that is what makes the safe functions of this crate
/// sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Path(PathKind);

impl Path {
    /// The path that every processor has.
    pub const SCALAR: Path = Path(PathKind::Scalar);

    /// The path of this kind, or `None` when this processor lacks its instructions.
    pub fn select(kind: PathKind) -> Option<Path> {
        kind.is_supported().then_some(Path(kind))
    }

    /// Every path that this processor can run, slowest first; never empty.
    pub fn available() -> Vec<Path> {
        PathKind::ALL.into_iter().filter_map(Path::select).collect()
    }

    /// The fastest path that this processor can run.
    pub fn best() -> Path {
        PathKind::ALL.into_iter().rev().find_map(Path::select).unwrap_or(Path::SCALAR)
    }

    /// The kind of this path.
    pub fn kind(self) -> PathKind {
        self.0
    }

    /// The name of its [kind](PathKind::name).
    pub fn name(self) -> &'static str {
        self.0.name()
    }
}

/// Calls the function of this name in the sibling module for the path: `scalar`, `avx2`, `avx512`
/// or `neon`. No path of another architecture exists; its arm stands for completeness.
macro_rules! dispatch {
    ($path:expr, $function:ident($($argument:expr),* $(,)?)) => {
        match $path.kind() {
            PathKind::Scalar => scalar::$function($($argument),*),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: a path of this kind proves that the processor has the instructions.
            PathKind::Avx2 => unsafe { avx2::$function($($argument),*) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            PathKind::Avx512Vnni => unsafe { avx512::$function($($argument),*) },
            #[cfg(not(target_arch = "x86_64"))]
            PathKind::Avx2 | PathKind::Avx512Vnni => scalar::$function($($argument),*),
            #[cfg(target_arch = "aarch64")]
            // SAFETY: as above.
            PathKind::Neon => unsafe { neon::$function($($argument),*) },
            #[cfg(not(target_arch = "aarch64"))]
            PathKind::Neon => scalar::$function($($argument),*),
        }
    };
}
pub(crate) use dispatch;
