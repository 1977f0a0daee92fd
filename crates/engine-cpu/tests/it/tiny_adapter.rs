//! Writes random adapters of tiny models, and what they add.

use std::path::Path;

use super::tiny_model::{Format, HEAD_DIM, Random, TinyModel, Writer};

/// What the adapter says; every test changes what it is about.
#[derive(Clone)]
pub(crate) struct TinyAdapter {
    pub(crate) rank: u32,
    pub(crate) alpha: f32,
    pub(crate) seed: u64,
    pub(crate) weights: Format,
    /// Endings of the names of what it changes.
    pub(crate) changes: &'static [&'static str],
}

/// All that adapters of a dense model can change.
pub(crate) const EVERYTHING: &[&str] =
    &["attn_q", "attn_k", "attn_v", "attn_qkv", "attn_output", "ffn_gate", "ffn_up", "ffn_down"];

impl Default for TinyAdapter {
    fn default() -> Self {
        Self { rank: 5, alpha: 10.0, seed: 1, weights: Format::F32, changes: EVERYTHING }
    }
}

/// One changed matrix of the model.
struct Pair {
    name: String,
    columns: u32,
    rows: u32,
    /// Row after row: `rank` of `columns` numbers.
    down: Vec<f32>,
    /// Row after row: `rows` of `rank` numbers.
    up: Vec<f32>,
}

impl TinyAdapter {
    pub(crate) fn of(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    #[expect(clippy::cast_precision_loss, reason = "small")]
    fn pairs(&self, model: &TinyModel) -> Vec<Pair> {
        let matrices = model.matrices().into_iter().enumerate();
        let changed = matrices.filter(|(_, (name, _, _))| {
            let name = name.strip_suffix(".weight").expect("a matrix");
            self.changes.iter().any(|ending| name.ends_with(&format!(".{ending}")))
        });
        let pair = |(at, (name, columns, rows)): (usize, (String, u32, u32))| {
            let mut random = Random(self.seed * 1_000 + at as u64);
            let size = (3.0 / columns as f32).sqrt();
            let mut numbers = |count: u32, size: f32| -> Vec<f32> {
                (0..count).map(|_| size * random.float()).collect()
            };
            let down = numbers(self.rank * columns, size);
            let up = numbers(rows * self.rank, 0.5);
            Pair { name, columns, rows, down, up }
        };
        changed.map(pair).collect()
    }

    /// What is added to each matrix of the model, row after row.
    #[expect(clippy::cast_precision_loss, reason = "small")]
    pub(crate) fn sums(&self, model: &TinyModel) -> Vec<(String, Vec<f32>)> {
        let (rank, strength) = (self.rank as usize, self.alpha / self.rank as f32);
        let sum = |pair: Pair| {
            let columns = pair.columns as usize;
            let cell = |up: &[f32], column: usize| -> f32 {
                let down = pair.down[column..].iter().step_by(columns);
                up.iter().zip(down).map(|(up, down)| up * down).sum()
            };
            let rows = pair.up.chunks_exact(rank);
            let cells = rows.flat_map(|up| (0..columns).map(move |column| cell(up, column)));
            (pair.name.clone(), cells.map(|cell| strength * cell).collect())
        };
        self.pairs(model).into_iter().map(sum).collect()
    }

    pub(crate) fn gguf(&self, model: &TinyModel) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.text("general.architecture", model.architecture);
        writer.text("general.type", "adapter");
        writer.text("adapter.type", "lora");
        writer.float("adapter.lora.alpha", self.alpha);
        for pair in self.pairs(model) {
            let Pair { name, columns, rows, down, up } = pair;
            writer.floats(&format!("{name}.lora_a"), &[columns, self.rank], self.weights, &down);
            writer.floats(&format!("{name}.lora_b"), &[self.rank, rows], self.weights, &up);
        }
        writer.finish()
    }

    /// Writes a directory as the PEFT library does, for a model whose file holds queries and keys
    /// with the pairs side by side.
    pub(crate) fn write_peft(&self, model: &TinyModel, directory: &Path) {
        let config = serde_json::json!({
            "peft_type": "LORA", "r": self.rank, "lora_alpha": self.alpha, "bias": "none",
            "init_lora_weights": true, "use_rslora": false, "base_model_name_or_path": "tiny",
            "target_modules": ["q_proj"], "task_type": "CAUSAL_LM", "alpha_pattern": {},
            "modules_to_save": null, "lora_dropout": 0.1,
        });
        let mut tensors = Vec::new();
        for pair in self.pairs(model) {
            let module = module(&pair.name);
            let is_turned = ["attn_q.", "attn_k."].iter().any(|part| pair.name.contains(part));
            let up = if is_turned { in_halves(&pair.up, self.rank) } else { pair.up };
            tensors.push((format!("{module}.lora_A.weight"), [self.rank, pair.columns], pair.down));
            tensors.push((format!("{module}.lora_B.weight"), [pair.rows, self.rank], up));
        }
        std::fs::create_dir_all(directory).expect("a directory");
        let write = |name: &str, bytes: &[u8]| {
            std::fs::write(directory.join(name), bytes).expect("written");
        };
        write("adapter_config.json", config.to_string().as_bytes());
        write("adapter_model.safetensors", &safetensors(&tensors));
    }
}

fn safetensors(tensors: &[(String, [u32; 2], Vec<f32>)]) -> Vec<u8> {
    let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
    header.insert("__metadata__".to_owned(), serde_json::json!({"format": "pt"}));
    for (name, shape, numbers) in tensors {
        let start = data.len();
        data.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        let places = [start, data.len()];
        let tensor = serde_json::json!({"dtype": "F32", "shape": shape, "data_offsets": places});
        header.insert(name.clone(), tensor);
    }
    let header = serde_json::Value::Object(header).to_string();
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.as_bytes());
    file.extend(data);
    file
}

/// What Hugging Face calls `blk.0.attn_q.weight`.
fn module(name: &str) -> String {
    let mut parts = name.split('.').skip(1);
    let (layer, part) = (parts.next().expect("a layer"), parts.next().expect("a part"));
    let part = match part {
        "attn_q" => "self_attn.q_proj",
        "attn_k" => "self_attn.k_proj",
        "attn_v" => "self_attn.v_proj",
        "attn_output" => "self_attn.o_proj",
        "ffn_gate" => "mlp.gate_proj",
        "ffn_up" => "mlp.up_proj",
        other => {
            assert_eq!(other, "ffn_down");
            "mlp.down_proj"
        }
    };
    format!("base_model.model.model.layers.{layer}.{part}")
}

/// Rows of heads whose pairs lie side by side, with the first halves of all pairs first.
fn in_halves(rows: &[f32], width: u32) -> Vec<f32> {
    let (width, head) = (width as usize, HEAD_DIM as usize);
    let rows: Vec<&[f32]> = rows.chunks_exact(width).collect();
    let turned = rows.chunks_exact(head).flat_map(|head| {
        let firsts = head.iter().step_by(2);
        firsts.chain(head.iter().skip(1).step_by(2)).copied().flatten().copied()
    });
    turned.collect()
}
