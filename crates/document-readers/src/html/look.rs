//! How an element looks, as far as it matters for whether people can read it.
use super::tree::Node;

/// Text this small is not read by people, in pixels.
const READABLE: f32 = 3.0;
/// Anything this far to one side is not on the screen, in pixels.
const FAR: f32 = 500.0;
/// Colours this close, over their three channels, are one colour to the eye.
const CONTRAST_MIN: u32 = 24;

#[derive(Clone, Copy, PartialEq, Eq)]
struct Colour([u8; 3]);

/// What an element passes on to what it holds.
#[derive(Clone, Copy)]
pub(super) struct Look {
    /// Nothing inside can be seen, whatever it says itself.
    pub(super) is_gone: bool,
    is_invisible: bool,
    is_tiny: bool,
    ink: Option<Colour>,
    paper: Colour,
}

impl Look {
    /// Black on white.
    pub(super) const PAGE: Self = Self {
        is_gone: false,
        is_invisible: false,
        is_tiny: false,
        ink: Some(Colour([0; 3])),
        paper: Colour([255; 3]),
    };

    /// Whether people can read text that looks like this.
    pub(super) fn is_readable(&self) -> bool {
        let contrasts = self.ink.is_some_and(|ink| distance(ink, self.paper) >= CONTRAST_MIN);
        !self.is_gone && !self.is_invisible && !self.is_tiny && contrasts
    }

    /// The look of an element inside: by its attributes, then rules, then its own style.
    pub(super) fn inside(mut self, node: &Node, rules: &[&str]) -> Self {
        self.is_gone |= is_absent(node);
        if let Some(colour) = node.attribute("bgcolor").and_then(colour) {
            self.paper = colour;
        }
        if let Some(ink) = node.attribute("color").and_then(colour).filter(|_| node.is("font")) {
            self.ink = Some(ink);
        }
        let own = node.attribute("style").unwrap_or_default().to_ascii_lowercase();
        let mut frame = Frame::default();
        for declarations in rules.iter().copied().chain([own.as_str()]) {
            for (property, value) in declarations_of(declarations) {
                self.take(property, value);
                frame.take(property, value);
            }
        }
        self.is_gone |= frame.is_gone();
        self
    }

    /// Properties that what is inside inherits, and may change again.
    fn take(&mut self, property: &str, value: &str) {
        match property {
            "visibility" => self.is_invisible = matches!(value, "hidden" | "collapse"),
            "font-size" => self.take_size(value),
            "font" => {
                let mut words = value.split_whitespace().filter_map(|word| word.split('/').next());
                let size = words.find(|word| is_size(word));
                self.take_size(size.unwrap_or_default());
            }
            "color" | "-webkit-text-fill-color" => self.take_ink(value),
            "background" | "background-color" => self.take_paper(value),
            _ => {}
        }
    }

    fn take_size(&mut self, value: &str) {
        if let Some(size) = pixels(value) {
            self.is_tiny = size < READABLE;
        } else if matches!(value, "medium" | "large" | "small" | "initial") {
            self.is_tiny = false;
        }
    }

    fn take_ink(&mut self, value: &str) {
        if is_clear(value) {
            self.ink = None;
        } else if let Some(ink) = colour(value) {
            self.ink = Some(ink);
        }
    }

    /// A picture behind text can have any colour: the opposite of the ink is assumed.
    fn take_paper(&mut self, value: &str) {
        if is_clear(value) {
            return;
        }
        if let Some(paper) = colour(value).or_else(|| value.split_whitespace().find_map(colour)) {
            self.paper = paper;
        } else if value.contains("url(") || value.contains("gradient(") {
            let Colour(ink) = self.ink.unwrap_or(Colour([0; 3]));
            self.paper = Colour(ink.map(|channel| 255 - channel));
        }
    }
}

/// Properties of the box of one element. Later declarations replace earlier ones.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is what one property says of the box")]
struct Frame {
    is_undisplayed: bool,
    is_clear: bool,
    is_placed: bool,
    is_shifted: bool,
    is_far: bool,
    is_clipped: bool,
    is_flat: bool,
    is_cut: bool,
}

impl Frame {
    fn take(&mut self, property: &str, value: &str) {
        match property {
            "display" => self.is_undisplayed = value == "none",
            "content-visibility" => self.is_undisplayed = value == "hidden",
            "opacity" => self.is_clear = is_zero(value),
            "position" => self.is_placed = matches!(value, "absolute" | "fixed" | "relative"),
            "left" | "right" | "top" | "bottom" => self.is_far |= is_far(value),
            "text-indent" | "margin-left" | "margin-top" | "margin" => {
                self.is_shifted |= value.split_whitespace().any(is_far);
            }
            "transform" | "translate" => {
                self.is_shifted |= value.split(['(', ')', ',', ' ']).any(is_far) || shrinks(value);
            }
            "scale" => self.is_shifted |= value.split_whitespace().any(is_zero),
            "clip" => self.is_clipped = is_empty_rectangle(value),
            "clip-path" => self.is_clipped = is_empty_inset(value),
            "width" | "height" | "max-width" | "max-height" => {
                self.is_flat |= pixels(value).is_some_and(|size| size <= 1.0);
            }
            "overflow" | "overflow-x" | "overflow-y" => {
                self.is_cut = matches!(value, "hidden" | "clip");
            }
            _ => {}
        }
    }

    fn is_gone(&self) -> bool {
        self.is_undisplayed
            || self.is_clear
            || self.is_shifted
            || self.is_clipped
            || (self.is_placed && self.is_far)
            || (self.is_flat && self.is_cut)
    }
}

/// Elements that browsers do not show as text, by their name or their attributes.
fn is_absent(node: &Node) -> bool {
    let by_name = matches!(
        node.name(),
        "head"
            | "script"
            | "style"
            | "template"
            | "noscript"
            | "iframe"
            | "object"
            | "noframes"
            | "noembed"
            | "datalist"
            | "select"
            | "textarea"
            | "audio"
            | "video"
            | "canvas"
            | "title"
            | "svg"
            | "rp"
    );
    let is_hidden = node.attribute("hidden").is_some_and(|value| value != "until-found");
    let is_shut = node.is("dialog") && node.attribute("open").is_none();
    by_name || is_hidden || is_shut
}

fn declarations_of(declarations: &str) -> impl Iterator<Item = (&str, &str)> {
    declarations.split(';').filter_map(|declaration| {
        let (property, value) = declaration.split_once(':')?;
        let value = value.trim().trim_end_matches("!important").trim_end();
        Some((property.trim(), value))
    })
}

/// A length in pixels, taking 16 pixels for a letter.
fn pixels(value: &str) -> Option<f32> {
    let end = value.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '-' | '+'));
    let (number, unit) = value.split_at(end.unwrap_or(value.len()));
    let number: f32 = number.parse().ok()?;
    let factor = match unit.trim() {
        "" | "px" => 1.0,
        "pt" => 4.0 / 3.0,
        "em" | "rem" | "ch" | "ex" => 16.0,
        "%" => 0.16,
        "vw" | "vh" => 10.0,
        "cm" => 37.8,
        "mm" => 3.78,
        "in" => 96.0,
        _ => return None,
    };
    Some(number * factor)
}

/// A size of letters, and not their weight, which is a number in hundreds.
fn is_size(word: &str) -> bool {
    pixels(word).is_some() && !(word.len() == 3 && word.ends_with("00"))
}

fn is_far(value: &str) -> bool {
    pixels(value).is_some_and(|length| length.abs() >= FAR && !(0.0..4000.0).contains(&length))
}

/// Whether a transformation scales to nothing.
fn shrinks(value: &str) -> bool {
    value.split("scale").skip(1).any(|after| {
        let inner = after.split_once('(').and_then(|(_, rest)| rest.split(')').next());
        inner.unwrap_or_default().split([',', ' ']).any(is_zero)
    })
}

fn is_empty_rectangle(value: &str) -> bool {
    let Some(inner) = value.strip_prefix("rect(").and_then(|rest| rest.strip_suffix(')')) else {
        return false;
    };
    let mut sides = inner.split([',', ' ']).filter(|side| !side.is_empty());
    sides.all(|side| pixels(side).is_some_and(|length| length.abs() <= 1.0))
}

fn is_empty_inset(value: &str) -> bool {
    let by_half = value.starts_with("inset(50%") || value.starts_with("inset(100%");
    by_half || value.starts_with("circle(0") || value.starts_with("polygon(0 0, 0 0")
}

fn is_clear(value: &str) -> bool {
    let alpha = value.strip_suffix(')').and_then(|inner| inner.rsplit([',', '/', ' ']).next());
    let has_alpha = value.starts_with("rgba(") || value.starts_with("hsla(") || value.contains('/');
    value == "transparent" || (has_alpha && alpha.is_some_and(is_zero))
}

/// A share so small that nothing is seen: 0, 0 % or close to it.
fn is_zero(share: &str) -> bool {
    let (number, whole) = share.strip_suffix('%').map_or((share, 1.0), |percent| (percent, 100.0));
    number.trim().parse::<f32>().is_ok_and(|number| number / whole < 0.05)
}

fn distance(one: Colour, other: Colour) -> u32 {
    one.0.iter().zip(other.0).map(|(a, b)| u32::from(a.abs_diff(b))).sum()
}

/// The colours that pages write: names of the common ones, `#rgb`, `#rrggbb` and `rgb()`.
fn colour(value: &str) -> Option<Colour> {
    let value = value.trim().to_ascii_lowercase();
    let channels = match value.as_str() {
        "white" => [255; 3],
        "black" => [0; 3],
        "snow" | "ghostwhite" | "ivory" | "floralwhite" => [250; 3],
        "whitesmoke" => [245; 3],
        "red" => [255, 0, 0],
        "green" => [0, 128, 0],
        "blue" => [0, 0, 255],
        "yellow" => [255, 255, 0],
        "navy" => [0, 0, 128],
        "gray" | "grey" => [128; 3],
        "silver" | "lightgray" | "lightgrey" => [200; 3],
        other => return hexadecimal(other).or_else(|| by_function(other)),
    };
    Some(Colour(channels))
}

fn hexadecimal(value: &str) -> Option<Colour> {
    let digits: Vec<u8> = value
        .strip_prefix('#')?
        .chars()
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    match digits.as_slice() {
        [r, g, b] | [r, g, b, _] => Some(Colour([r * 17, g * 17, b * 17])),
        [r, r2, g, g2, b, b2, ..] => Some(Colour([r * 16 + r2, g * 16 + g2, b * 16 + b2])),
        _ => None,
    }
}

fn by_function(value: &str) -> Option<Colour> {
    let inner = value.strip_prefix("rgba(").or_else(|| value.strip_prefix("rgb("))?;
    let mut channels = inner.split([',', ' ', '/', ')']).filter(|word| !word.is_empty());
    let mut channel = || channels.next()?.parse::<u8>().ok();
    Some(Colour([channel()?, channel()?, channel()?]))
}
