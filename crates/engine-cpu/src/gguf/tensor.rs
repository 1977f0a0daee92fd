//! The tensor table's entries and the block formats of ggml.

use super::GgufError;

/// One tensor of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    pub name: String,
    /// In the order of the file: `shape[0]` is the number of columns. One to four numbers, none 0.
    pub shape: Vec<u64>,
    pub kind: TensorType,
    /// Which of the model's files holds it.
    pub(crate) part: usize,
    /// Position of the first byte, from the start of the file.
    pub offset: u64,
    /// Length as stored.
    pub bytes: u64,
}

impl TensorInfo {
    /// Elements of one row.
    pub fn columns(&self) -> u64 {
        self.shape.first().copied().unwrap_or(0)
    }

    /// Rows of all outer dimensions together.
    pub fn rows(&self) -> u64 {
        self.shape.iter().skip(1).fold(1, |product, &size| product.saturating_mul(size))
    }

    pub fn row_bytes(&self) -> u64 {
        (self.columns() / self.kind.block_elements()).saturating_mul(self.kind.block_bytes())
    }

    /// Checks a shape and returns the stored length.
    pub(super) fn stored_bytes(
        name: &str,
        shape: &[u64],
        kind: TensorType,
    ) -> Result<u64, GgufError> {
        let refused = |reason| GgufError::Shape { name: name.to_owned(), reason };
        let Some(&columns) = shape.first() else { return Err(refused("it has no dimension")) };
        if shape.contains(&0) {
            return Err(refused("a dimension is 0"));
        }
        if !columns.is_multiple_of(kind.block_elements()) {
            return Err(refused("a row is not a whole number of blocks"));
        }
        let blocks = shape[1..]
            .iter()
            .try_fold(columns / kind.block_elements(), |product, &size| product.checked_mul(size));
        blocks
            .and_then(|blocks| blocks.checked_mul(kind.block_bytes()))
            .ok_or_else(|| refused("it is too large"))
    }
}

macro_rules! tensor_types {
    ($($name:ident = $number:literal, $text:literal, $elements:literal, $bytes:literal;)+) => {
        /// The ggml formats in which tensors are stored.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(non_camel_case_types, reason = "the names that ggml gives its formats")]
        pub enum TensorType { $($name),+ }

        impl TensorType {
            pub const fn from_number(number: u32) -> Option<Self> {
                match number {
                    $($number => Some(Self::$name),)+
                    _ => None,
                }
            }

            pub const fn number(self) -> u32 {
                match self { $(Self::$name => $number),+ }
            }

            /// The name that people know: `Q4_1`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            /// Elements that are stored together; rows are whole blocks.
            pub const fn block_elements(self) -> u64 {
                match self { $(Self::$name => $elements),+ }
            }

            pub const fn block_bytes(self) -> u64 {
                match self { $(Self::$name => $bytes),+ }
            }
        }
    };
}

// Numbers, block lengths and block sizes of ggml (`ggml.h`, `ggml-common.h`). Q8_1 and Q8_K are
// formats of intermediate results and never stored, so they count as unknown.
tensor_types! {
    F32 = 0, "F32", 1, 4;
    F16 = 1, "F16", 1, 2;
    Q4_0 = 2, "Q4_0", 32, 18;
    Q4_1 = 3, "Q4_1", 32, 20;
    Q5_0 = 6, "Q5_0", 32, 22;
    Q5_1 = 7, "Q5_1", 32, 24;
    Q8_0 = 8, "Q8_0", 32, 34;
    Q2_K = 10, "Q2_K", 256, 84;
    Q3_K = 11, "Q3_K", 256, 110;
    Q4_K = 12, "Q4_K", 256, 144;
    Q5_K = 13, "Q5_K", 256, 176;
    Q6_K = 14, "Q6_K", 256, 210;
    IQ2_XXS = 16, "IQ2_XXS", 256, 66;
    IQ2_XS = 17, "IQ2_XS", 256, 74;
    IQ3_XXS = 18, "IQ3_XXS", 256, 98;
    IQ1_S = 19, "IQ1_S", 256, 50;
    IQ4_NL = 20, "IQ4_NL", 32, 18;
    IQ3_S = 21, "IQ3_S", 256, 110;
    IQ2_S = 22, "IQ2_S", 256, 82;
    IQ4_XS = 23, "IQ4_XS", 256, 136;
    I8 = 24, "I8", 1, 1;
    I16 = 25, "I16", 1, 2;
    I32 = 26, "I32", 1, 4;
    I64 = 27, "I64", 1, 8;
    F64 = 28, "F64", 1, 8;
    IQ1_M = 29, "IQ1_M", 256, 56;
    BF16 = 30, "BF16", 1, 2;
    TQ1_0 = 34, "TQ1_0", 256, 54;
    TQ2_0 = 35, "TQ2_0", 256, 66;
    MXFP4 = 39, "MXFP4", 32, 17;
}
