//! Writes random models of every family, small enough to make for each test.

/// What the model file says; every test changes what it is about.
#[derive(Clone)]
pub(crate) struct TinyModel {
    pub(crate) architecture: &'static str,
    pub(crate) weights: Format,
    pub(crate) layers: u32,
    pub(crate) heads: u32,
    pub(crate) kv_heads: u32,
    pub(crate) context: u32,
    pub(crate) seed: u64,
    /// Experts of each block; none without.
    pub(crate) experts: u32,
    /// With a separate output head and biases on queries, keys and values.
    pub(crate) everything: bool,
    /// Calls begin with a token of their own, in place of the merged pair.
    pub(crate) mistral: bool,
    /// Tensors to leave out.
    pub(crate) without: Option<&'static str>,
    /// Writes the rows of this tensor one short.
    pub(crate) short: Option<&'static str>,
    /// Adds this to weights, which are [`Format::F32`].
    pub(crate) sums: Vec<(String, Vec<f32>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    F32,
    F16,
    Q8_0,
    Q4_1,
}

impl Format {
    /// As files number it.
    fn number(self) -> u32 {
        match self {
            Self::F32 => 0,
            Self::F16 => 1,
            Self::Q4_1 => 3,
            Self::Q8_0 => 8,
        }
    }
}

pub(crate) const HEAD_DIM: u32 = 16;
pub(crate) const FEED_FORWARD: u32 = 96;
/// Hidden values of an expert, and how many a token uses.
pub(crate) const EXPERT_FEED_FORWARD: u32 = 32;
pub(crate) const EXPERTS_USED: u32 = 2;
/// 256 bytes, a merged pair, and two special tokens.
pub(crate) const VOCABULARY: u32 = 259;
const HIDDEN: u32 = 64;
/// Less than the tests' sequences, and no whole number of blocks of the cache.
const WINDOW: u32 = 21;
const TEMPLATE: &str = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\
                        \n{% endfor %}<|im_start|>assistant\n";

const MISTRAL_TEMPLATE: &str = "{% for m in messages %}{{ m.content }}{% if m.tool_calls %}[TOOL_CALLS]\
                                {{ m.tool_calls | tojson }}{% endif %}{% endfor %}{{ tools | tojson }}";

impl Default for TinyModel {
    fn default() -> Self {
        Self {
            architecture: "llama",
            weights: Format::Q8_0,
            layers: 2,
            heads: 6,
            kv_heads: 2,
            context: 512,
            seed: 1,
            experts: 0,
            everything: false,
            mistral: false,
            without: None,
            short: None,
            sums: Vec::new(),
        }
    }
}

impl TinyModel {
    pub(crate) fn of(weights: Format) -> Self {
        Self { weights, ..Self::default() }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        self.metadata(&mut writer);
        let mut random = Random(self.seed);
        for (name, columns, rows) in self.matrices() {
            if self.without == Some(name.as_str()) {
                continue;
            }
            let rows = rows - u32::from(self.short == Some(name.as_str()));
            if name.ends_with("_exps.weight") {
                writer.stack(&name, [columns, rows, self.experts], self.weights, &mut random);
            } else if name.ends_with("ffn_gate_inp.weight") {
                writer.matrix(&name, columns, rows, Format::F32, &mut random);
            } else {
                writer.matrix(&name, columns, rows, self.weights, &mut random);
            }
            if let Some((_, sum)) = self.sums.iter().find(|(changed, _)| *changed == name) {
                writer.add(sum);
            }
        }
        for (name, len) in self.vectors() {
            if self.without != Some(name.as_str()) {
                writer.vector(&name, len, &mut random);
            }
        }
        writer.finish()
    }

    pub(crate) fn matrices(&self) -> Vec<(String, u32, u32)> {
        let (queries, keys) = (self.heads * HEAD_DIM, self.kv_heads * HEAD_DIM);
        let mut all = vec![("token_embd.weight".to_owned(), HIDDEN, VOCABULARY)];
        if self.everything {
            all.push(("output.weight".to_owned(), HIDDEN, VOCABULARY));
        }
        for layer in 0..self.layers {
            let mut push = |name: &str, columns: u32, rows: u32| {
                all.push((format!("blk.{layer}.{name}.weight"), columns, rows));
            };
            if self.architecture == "phi3" {
                push("attn_qkv", HIDDEN, queries + 2 * keys);
                push("ffn_up", HIDDEN, 2 * FEED_FORWARD);
            } else {
                push("attn_q", HIDDEN, queries);
                push("attn_k", HIDDEN, keys);
                push("attn_v", HIDDEN, keys);
            }
            push("attn_output", queries, HIDDEN);
            if self.experts > 0 {
                let ffn = self.expert_feed_forward();
                push("ffn_gate_inp", HIDDEN, self.experts);
                push("ffn_gate_exps", HIDDEN, ffn);
                push("ffn_up_exps", HIDDEN, ffn);
                push("ffn_down_exps", ffn, HIDDEN);
            } else {
                if self.architecture != "phi3" {
                    push("ffn_gate", HIDDEN, FEED_FORWARD);
                    push("ffn_up", HIDDEN, FEED_FORWARD);
                }
                push("ffn_down", FEED_FORWARD, HIDDEN);
            }
        }
        all
    }

    fn expert_feed_forward(&self) -> u32 {
        if self.architecture == "qwen3moe" { EXPERT_FEED_FORWARD } else { FEED_FORWARD }
    }

    fn vectors(&self) -> Vec<(String, u32)> {
        let (queries, keys) = (self.heads * HEAD_DIM, self.kv_heads * HEAD_DIM);
        let mut all = vec![("output_norm.weight".to_owned(), HIDDEN)];
        if self.everything {
            all.push(("rope_freqs.weight".to_owned(), HEAD_DIM / 2));
        }
        for layer in 0..self.layers {
            all.push((format!("blk.{layer}.attn_norm.weight"), HIDDEN));
            all.push((format!("blk.{layer}.ffn_norm.weight"), HIDDEN));
            if self.everything && self.architecture == "phi3" {
                all.push((format!("blk.{layer}.attn_qkv.bias"), queries + 2 * keys));
            } else if self.everything {
                all.push((format!("blk.{layer}.attn_q.bias"), queries));
                all.push((format!("blk.{layer}.attn_k.bias"), keys));
                all.push((format!("blk.{layer}.attn_v.bias"), keys));
            }
            if matches!(self.architecture, "qwen3" | "qwen3moe" | "gemma3") {
                all.push((format!("blk.{layer}.attn_q_norm.weight"), HEAD_DIM));
                all.push((format!("blk.{layer}.attn_k_norm.weight"), HEAD_DIM));
            }
            if self.architecture == "gemma3" {
                all.push((format!("blk.{layer}.post_attention_norm.weight"), HIDDEN));
                all.push((format!("blk.{layer}.post_ffw_norm.weight"), HIDDEN));
            }
        }
        all
    }

    /// Numbers that only one family has.
    fn scales(&self) -> &'static [(&'static str, f32)] {
        match self.architecture {
            "granite" => &[
                ("embedding_scale", 4.0),
                ("residual_scale", 0.3),
                ("attention.scale", 0.1),
                ("logit_scale", 0.5),
            ],
            "mistral3" => &[("attention.temperature_scale", 0.1)],
            _ => &[],
        }
    }

    fn metadata(&self, writer: &mut Writer) {
        let architecture = self.architecture;
        writer.text("general.architecture", architecture);
        for (key, value) in [
            ("block_count", self.layers),
            ("embedding_length", HIDDEN),
            ("feed_forward_length", FEED_FORWARD),
            ("context_length", self.context),
            ("attention.head_count", self.heads),
            ("attention.head_count_kv", self.kv_heads),
            ("attention.key_length", HEAD_DIM),
            ("attention.value_length", HEAD_DIM),
        ] {
            writer.number(&format!("{architecture}.{key}"), value);
        }
        writer.float(&format!("{architecture}.attention.layer_norm_rms_epsilon"), 1e-5);
        for (key, value) in self.scales() {
            writer.float(&format!("{architecture}.{key}"), *value);
        }
        if matches!(architecture, "phi3" | "gemma3") {
            writer.number(&format!("{architecture}.attention.sliding_window"), WINDOW);
        }
        if self.experts > 0 {
            writer.number(&format!("{architecture}.expert_count"), self.experts);
            writer.number(&format!("{architecture}.expert_used_count"), EXPERTS_USED);
        }
        if architecture == "qwen3moe" {
            let key = format!("{architecture}.expert_feed_forward_length");
            writer.number(&key, EXPERT_FEED_FORWARD);
        }
        writer.text("tokenizer.ggml.model", "gpt2");
        writer.text("tokenizer.ggml.pre", "smollm");
        let mut tokens: Vec<String> = (0..=255).map(|byte| visible(byte).to_string()).collect();
        let extra = if self.mistral { "[TOOL_CALLS]" } else { "th" };
        tokens.extend([extra, "<|im_start|>", "<|im_end|>"].map(str::to_owned));
        writer.texts("tokenizer.ggml.tokens", &tokens);
        let kinds: Vec<u32> = (0..VOCABULARY)
            .map(|id| if id < 256 || (id == 256 && !self.mistral) { 1 } else { 3 })
            .collect();
        writer.numbers("tokenizer.ggml.token_type", &kinds);
        let merges = if self.mistral { &[][..] } else { &["t h".to_owned()][..] };
        writer.texts("tokenizer.ggml.merges", merges);
        writer.number("tokenizer.ggml.bos_token_id", 257);
        writer.number("tokenizer.ggml.eos_token_id", 258);
        let template = if self.mistral { MISTRAL_TEMPLATE } else { TEMPLATE };
        writer.text("tokenizer.chat_template", template);
    }
}

/// The printable character that stands for a byte in byte-level vocabularies.
fn visible(byte: u8) -> char {
    let printable = |byte: u8| matches!(byte, 33..=126 | 161..=172 | 174..=255);
    if printable(byte) {
        return char::from(byte);
    }
    let before = (0..byte).filter(|&other| !printable(other)).count();
    char::from_u32(256 + u32::try_from(before).expect("small")).expect("a character")
}

/// The generator `SplitMix64`.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in [-1, 1).
    pub(crate) fn float(&mut self) -> f32 {
        let bits = u16::try_from(self.next() >> 48).expect("16 bits");
        f32::from(bits) / 32_768.0 - 1.0
    }
}

#[derive(Default)]
pub(crate) struct Writer {
    metadata: Vec<u8>,
    metadata_count: u64,
    tensors: Vec<u8>,
    tensor_count: u64,
    data: Vec<u8>,
}

impl Writer {
    fn key(&mut self, key: &str, kind: u32) {
        self.metadata_count += 1;
        put_text(&mut self.metadata, key);
        self.metadata.extend(kind.to_le_bytes());
    }

    pub(crate) fn text(&mut self, key: &str, value: &str) {
        self.key(key, 8);
        put_text(&mut self.metadata, value);
    }

    pub(crate) fn number(&mut self, key: &str, value: u32) {
        self.key(key, 4);
        self.metadata.extend(value.to_le_bytes());
    }

    pub(crate) fn float(&mut self, key: &str, value: f32) {
        self.key(key, 6);
        self.metadata.extend(value.to_le_bytes());
    }

    pub(crate) fn texts(&mut self, key: &str, values: &[String]) {
        self.key(key, 9);
        self.metadata.extend(8_u32.to_le_bytes());
        self.metadata.extend((values.len() as u64).to_le_bytes());
        for value in values {
            put_text(&mut self.metadata, value);
        }
    }

    pub(crate) fn numbers(&mut self, key: &str, values: &[u32]) {
        self.key(key, 9);
        self.metadata.extend(4_u32.to_le_bytes());
        self.metadata.extend((values.len() as u64).to_le_bytes());
        self.metadata.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    }

    fn tensor(&mut self, name: &str, shape: &[u32], kind: u32) {
        self.tensor_count += 1;
        put_text(&mut self.tensors, name);
        self.tensors.extend(u32::try_from(shape.len()).expect("few").to_le_bytes());
        self.tensors.extend(shape.iter().flat_map(|&size| u64::from(size).to_le_bytes()));
        self.tensors.extend(kind.to_le_bytes());
        self.data.resize(self.data.len().next_multiple_of(32), 0);
        self.tensors.extend((self.data.len() as u64).to_le_bytes());
    }

    pub(crate) fn vector(&mut self, name: &str, len: u32, random: &mut Random) {
        self.tensor(name, &[len], 0);
        // Around one, as the weights of norms are; never near zero, as factors of angles.
        self.data.extend((0..len).flat_map(|_| (1.0 + 0.3 * random.float()).to_le_bytes()));
    }

    pub(crate) fn matrix(
        &mut self,
        name: &str,
        columns: u32,
        rows: u32,
        format: Format,
        random: &mut Random,
    ) {
        self.tensor(name, &[columns, rows], format.number());
        self.rows(name, columns, rows, format, random);
    }

    /// A tensor of these numbers.
    pub(crate) fn floats(&mut self, name: &str, shape: &[u32], format: Format, numbers: &[f32]) {
        self.tensor(name, shape, format.number());
        for &number in numbers {
            match format {
                Format::F16 => self.data.extend(half::f16::from_f32(number).to_le_bytes()),
                Format::F32 => self.data.extend(number.to_le_bytes()),
                Format::Q8_0 | Format::Q4_1 => unreachable!("blocks are random"),
            }
        }
    }

    /// Adds numbers to the last ones that were written.
    fn add(&mut self, numbers: &[f32]) {
        let start = self.data.len() - 4 * numbers.len();
        for (place, number) in self.data[start..].as_chunks_mut::<4>().0.iter_mut().zip(numbers) {
            *place = (f32::from_le_bytes(*place) + number).to_le_bytes();
        }
    }

    fn stack(&mut self, name: &str, shape: [u32; 3], format: Format, random: &mut Random) {
        self.tensor(name, &shape, format.number());
        self.rows(name, shape[0], shape[1] * shape[2], format, random);
    }

    #[expect(clippy::cast_precision_loss, reason = "small")]
    fn rows(&mut self, name: &str, columns: u32, rows: u32, format: Format, random: &mut Random) {
        let size = if name == "token_embd.weight" { 0.3 } else { (3.0 / columns as f32).sqrt() };
        for _ in 0..rows {
            match format {
                Format::F32 => (0..columns)
                    .for_each(|_| self.data.extend((size * random.float()).to_le_bytes())),
                Format::F16 => (0..columns).for_each(|_| {
                    self.data.extend(half::f16::from_f32(size * random.float()).to_le_bytes());
                }),
                Format::Q8_0 => (0..columns / 32).for_each(|_| {
                    self.data.extend(half::f16::from_f32(size / 127.0).to_le_bytes());
                    self.random_bytes(32, random);
                }),
                Format::Q4_1 => (0..columns / 32).for_each(|_| {
                    self.data.extend(half::f16::from_f32(size / 7.5).to_le_bytes());
                    self.data.extend(half::f16::from_f32(-size).to_le_bytes());
                    self.random_bytes(16, random);
                }),
            }
        }
    }

    fn random_bytes(&mut self, count: usize, random: &mut Random) {
        self.data.extend((0..count).map(|_| random.next().to_le_bytes()[3]));
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        let mut file = b"GGUF".to_vec();
        file.extend(3_u32.to_le_bytes());
        file.extend(self.tensor_count.to_le_bytes());
        file.extend(self.metadata_count.to_le_bytes());
        file.extend(self.metadata);
        file.extend(self.tensors);
        file.resize(file.len().next_multiple_of(32), 0);
        file.extend(self.data);
        file
    }
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u64).to_le_bytes());
    bytes.extend(text.as_bytes());
}
