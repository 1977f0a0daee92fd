//! How an element looks, as far as it matters for whether people can read it.
use super::{rules::outside, tree::Node};

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
        let own = readable(node.attribute("style").unwrap_or_default());
        let all = || rules.iter().copied().chain([own.as_str()]);
        let mut frame = Frame::default();
        for (property, value) in all().flat_map(declarations_of) {
            self.take(property, value);
            frame.take(property, value);
        }
        // What is important counts last, wherever it stands.
        for (property, value) in all().flat_map(important_of) {
            self.take(property, value);
            frame.take(property, value);
        }
        self.is_gone |= frame.is_gone() || hide(rules, &own);
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

/// Declarations as they are compared: in small letters, without comments, strings and escapes.
pub(super) fn readable(declarations: &str) -> String {
    unescaped(&without_comments(declarations)).to_ascii_lowercase()
}

/// A sheet without comments and without what strings hold: nothing in them hides or shows.
pub(super) fn without_comments(sheet: &str) -> String {
    let mut kept = String::with_capacity(sheet.len());
    let mut rest = sheet;
    while let Some(at) = rest.find(['"', '\'', '/', '\\']) {
        let (before, after) = rest.split_at(at);
        kept.push_str(before);
        let (length, stands_for) = passed(after);
        kept.push_str(stands_for);
        rest = after.get(length..).unwrap_or_default();
    }
    kept.push_str(rest);
    kept
}

/// Bytes of the comment, string or escape at the start of a text, and what is kept of it.
fn passed(text: &str) -> (usize, &str) {
    if let Some(comment) = text.strip_prefix("/*") {
        return (comment.find("*/").map_or(text.len(), |end| end + 4), "");
    }
    let first = text.chars().next().unwrap_or_default();
    if matches!(first, '"' | '\'') {
        return (string_length(text, first), "\"\"");
    }
    let second = text.chars().nth(1).filter(|_| first == '\\');
    let length = first.len_utf8() + second.map_or(0, char::len_utf8);
    (length, text.get(..length).unwrap_or_default())
}

/// Bytes of a string with its quotes; it ends with its line.
fn string_length(text: &str, quote: char) -> usize {
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        if character == '\\' {
            characters.next();
        } else if character == quote || character == '\n' {
            return at + 1;
        }
    }
    text.len()
}

/// `d\69 splay` is `display`: a backslash, up to six digits, and one space that ends them. Only
/// letters and digits are kept: any other character is no part of a declaration when escaped.
fn unescaped(text: &str) -> String {
    const DIGITS_MAX: usize = 6;
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        kept.push_str(before);
        let digits = after.bytes().take(DIGITS_MAX).take_while(u8::is_ascii_hexdigit).count();
        let (number, following) = after.split_at(digits);
        let letter = u32::from_str_radix(number, 16).ok().and_then(char::from_u32);
        kept.extend(letter.filter(|letter| letter.is_alphanumeric() || *letter == '-'));
        let is_passed = |c: char| if digits > 0 { c.is_whitespace() } else { !c.is_alphanumeric() };
        let next = following.chars().next().filter(|c| is_passed(*c));
        rest = following.get(next.map_or(0, char::len_utf8)..).unwrap_or_default();
    }
    kept.push_str(rest);
    kept
}

fn declarations_of(declarations: &str) -> impl Iterator<Item = (&str, &str)> {
    each(declarations).map(|(property, value, _)| (property, value))
}

fn important_of(declarations: &str) -> impl Iterator<Item = (&str, &str)> {
    let important = each(declarations).filter(|(_, _, is_important)| *is_important);
    important.map(|(property, value, _)| (property, value))
}

/// Properties, their values, and whether they are important.
fn each(declarations: &str) -> impl Iterator<Item = (&str, &str, bool)> {
    outside(declarations, |c| c == ';').into_iter().filter_map(|declaration| {
        let (property, value) = declaration.split_once(':')?;
        let (property, value) = (property.trim(), value.trim());
        match value.rsplit_once('!') {
            Some((before, mark)) if mark.trim() == "important" => {
                Some((property, before.trim_end(), true))
            }
            Some(_) | None => Some((property, value, false)),
        }
    })
}

/// Whether one of the rules takes an element away. Which of two rules counts more is not
/// followed: one that hides counts more than one that shows, but not more than what the element
/// says itself, unless it is important.
fn hide(rules: &[&str], own: &str) -> bool {
    let is_shown = |(property, value): (&str, &str)| property == "display" && value != "none";
    let is_shown = declarations_of(own).any(is_shown);
    rules.iter().any(|rule| {
        takes_away(important_of(rule)) || (!is_shown && takes_away(declarations_of(rule)))
    })
}

fn takes_away<'d>(declarations: impl Iterator<Item = (&'d str, &'d str)>) -> bool {
    let mut frame = Frame::default();
    for (property, value) in declarations {
        frame.take(property, value);
    }
    frame.is_gone()
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

/// The colours that pages write: names of the common ones, `#rgb`, `#rrggbb`, `rgb()`
/// and `hsl()`.
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
    let (name, inner) = value.split_once('(')?;
    let mut words = inner.split([',', ' ', '/', ')']).filter(|word| !word.is_empty());
    let three = [words.next()?, words.next()?, words.next()?];
    match name.trim() {
        "rgb" | "rgba" => {
            let [red, green, blue] = three.map(channel);
            Some(Colour([red?, green?, blue?]))
        }
        "hsl" | "hsla" => {
            let [_, saturation, lightness] = three.map(share);
            by_lightness(saturation?, lightness?)
        }
        _ => None,
    }
}

/// A channel from 0 to 255, or in percent.
fn channel(word: &str) -> Option<u8> {
    match word.strip_suffix('%') {
        Some(_) => share(word).map(of_255),
        None => word.parse::<f32>().ok().map(|number| of_255(number / 255.0)),
    }
}

/// A number in percent as a part of one.
fn share(word: &str) -> Option<f32> {
    word.trim_end_matches('%').parse::<f32>().ok().map(|percent| percent / 100.0)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 255")]
fn of_255(part: f32) -> u8 {
    (part.clamp(0.0, 1.0) * 255.0).round() as u8
}

/// Colours close to white, black or grey. Others are taken for one that can be read.
fn by_lightness(saturation: f32, lightness: f32) -> Option<Colour> {
    let is_grey = saturation < 0.1 || !(0.05..=0.95).contains(&lightness);
    is_grey.then(|| Colour([of_255(lightness); 3]))
}
