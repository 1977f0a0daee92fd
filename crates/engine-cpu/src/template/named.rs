//! Templates that files only name: llama.cpp's converter writes the name of one of its own for models
//! in Mistral's format. Rendered as they are, every prompt would be that name.

/// What is common to all: the system prompt, and the place of the last question.
const START: &str = "{%- set ns = namespace(system='', first=-1, last=-1) -%}
{%- for m in messages -%}
    {%- if m['role'] == 'system' -%}
        {%- set ns.system = ns.system ~ ('\\n\\n' if ns.system else '') ~ m['content'] -%}
    {%- elif m['role'] == 'user' -%}
        {%- set ns.last = loop.index0 -%}
        {%- if ns.first < 0 -%}{%- set ns.first = loop.index0 -%}{%- endif -%}
    {%- elif m['role'] != 'assistant' -%}
        {{- raise_exception('this model file names a template that knows no tools') -}}
    {%- endif -%}
{%- endfor -%}
{{- bos_token -}}";

/// Parts of the turns: `before` and `after` stand around a question, `answer` before an answer.
struct Turns {
    before: &'static str,
    after: &'static str,
    answer: &'static str,
    system: System,
}

/// Where the system prompt goes.
enum System {
    FirstQuestion,
    LastQuestion,
    /// Before everything, followed by this.
    Own(&'static str),
}

/// The template of this name.
pub(super) fn template(name: &str) -> Option<String> {
    let spaced = |system| Turns { before: "[INST] ", after: "[/INST]", answer: " ", system };
    let close = |system| Turns { before: "[INST]", after: "[/INST]", answer: "", system };
    Some(render(&match name {
        "mistral-v1" => Turns {
            before: " [INST] ",
            after: " [/INST]",
            answer: " ",
            system: System::FirstQuestion,
        },
        "mistral-v3" => spaced(System::LastQuestion),
        "mistral-v3-tekken" => close(System::LastQuestion),
        "mistral-v7" => spaced(System::Own(" ")),
        "mistral-v7-tekken" => close(System::Own("")),
        _ => return None,
    }))
}

fn render(Turns { before, after, answer, system }: &Turns) -> String {
    let (own, place) = match system {
        System::FirstQuestion => (String::new(), "first"),
        System::LastQuestion => (String::new(), "last"),
        System::Own(space) => {
            let shown = format!("'[SYSTEM_PROMPT]{space}' ~ ns.system ~ '[/SYSTEM_PROMPT]'");
            (format!("{{%- if ns.system -%}}{{{{- {shown} -}}}}{{%- endif -%}}"), "nowhere")
        }
    };
    format!(
        "{START}{own}
{{%- for m in messages -%}}
    {{%- if m['role'] == 'user' -%}}
        {{{{- '{before}' -}}}}
        {{%- if ns.system and loop.index0 == ns.{place} -%}}{{{{- ns.system ~ '\\n\\n' -}}}}{{%- endif -%}}
        {{{{- m['content'] ~ '{after}' -}}}}
    {{%- elif m['role'] == 'assistant' -%}}
        {{{{- '{answer}' ~ m['content'] ~ eos_token -}}}}
    {{%- endif -%}}
{{%- endfor -%}}"
    )
}
