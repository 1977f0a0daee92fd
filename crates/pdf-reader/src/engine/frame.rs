//! From the coordinates of a PDF to the page as it is shown.

use passages::{Area, Size};

/// Sides of pages in points: the largest that PDF allows is 200 inches, times a unit of its own.
const SIDE_MAX: f32 = 200_000.0;
/// How far a direction may lean and still be read from side to side: about 10 degrees.
const LEAN_MAX: f32 = 0.18;

/// How much a page is turned when it is shown, clockwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    None,
    Quarter,
    Half,
    ThreeQuarters,
}

impl Turn {
    pub(super) fn of_degrees(degrees: i32) -> Self {
        match degrees.rem_euclid(360) {
            90 => Self::Quarter,
            180 => Self::Half,
            270 => Self::ThreeQuarters,
            _ => Self::None,
        }
    }
}

/// What is shown of a page, in the coordinates of the PDF, where `y` goes up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Frame {
    left: f32,
    bottom: f32,
    right: f32,
    top: f32,
    turn: Turn,
}

/// A rectangle in the coordinates of the PDF.
#[derive(Clone, Copy, Debug)]
pub(super) struct UserArea {
    pub(super) left: f32,
    pub(super) bottom: f32,
    pub(super) right: f32,
    pub(super) top: f32,
}

impl Frame {
    /// Nothing where that is no rectangle that could be a page.
    pub(super) fn new(shown: UserArea, turn: Turn) -> Option<Self> {
        let UserArea { left, bottom, right, top } = shown;
        let side = |from: f32, to: f32| to - from > 0.0 && to - from <= SIDE_MAX;
        let is_page = [left, bottom, right, top].iter().all(|side| side.is_finite())
            && side(left, right)
            && side(bottom, top);
        is_page.then_some(Self { left, bottom, right, top, turn })
    }

    /// Of the page as it is shown.
    pub(super) fn size(self) -> Size {
        let (across, down) = (self.right - self.left, self.top - self.bottom);
        match self.turn {
            Turn::None | Turn::Half => Size { width: across, height: down },
            Turn::Quarter | Turn::ThreeQuarters => Size { width: down, height: across },
        }
    }

    /// A rectangle as it is shown; it may lie outside of the page.
    pub(super) fn place(self, area: UserArea) -> Area {
        let (x1, y1) = self.point(area.left, area.bottom);
        let (x2, y2) = self.point(area.right, area.top);
        Area { left: x1.min(x2), top: y1.min(y2), right: x1.max(x2), bottom: y1.max(y2) }
    }

    fn point(self, x: f32, y: f32) -> (f32, f32) {
        match self.turn {
            Turn::None => (x - self.left, self.top - y),
            Turn::Quarter => (y - self.bottom, x - self.left),
            Turn::Half => (self.right - x, y - self.bottom),
            Turn::ThreeQuarters => (self.top - y, self.right - x),
        }
    }

    /// Whether text that is written in the direction (`x`, `y`) is read from side to side.
    pub(super) fn is_upright(self, x: f32, y: f32) -> bool {
        let (across, down) = match self.turn {
            Turn::None => (x, -y),
            Turn::Quarter => (y, x),
            Turn::Half => (-x, y),
            Turn::ThreeQuarters => (-y, -x),
        };
        across > 0.0 && down.abs() <= across * LEAN_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOWN: UserArea = UserArea { left: 100.0, bottom: 200.0, right: 400.0, top: 600.0 };
    /// A word near the upper left corner, before the page is turned.
    const WORD: UserArea = UserArea { left: 110.0, bottom: 580.0, right: 150.0, top: 590.0 };

    #[track_caller]
    fn check(turn: Turn, (width, height): (f32, f32), [left, top, right, bottom]: [f32; 4]) {
        let frame = Frame::new(SHOWN, turn).unwrap();
        assert_eq!(frame.size(), Size { width, height });
        assert_eq!(frame.place(WORD), Area { left, top, right, bottom });
    }

    #[test]
    fn places_are_counted_from_the_top_left_corner_of_what_is_shown() {
        check(Turn::None, (300.0, 400.0), [10.0, 10.0, 50.0, 20.0]);
        check(Turn::Quarter, (400.0, 300.0), [380.0, 10.0, 390.0, 50.0]);
        check(Turn::Half, (300.0, 400.0), [250.0, 380.0, 290.0, 390.0]);
        check(Turn::ThreeQuarters, (400.0, 300.0), [10.0, 250.0, 20.0, 290.0]);
    }

    #[test]
    fn text_that_is_turned_with_the_page_is_upright() {
        let frame = |degrees| Frame::new(SHOWN, Turn::of_degrees(degrees)).unwrap();
        assert!(frame(0).is_upright(1.0, 0.0));
        assert!(!frame(0).is_upright(0.0, 1.0));
        assert!(frame(90).is_upright(0.0, 1.0));
        assert!(!frame(90).is_upright(1.0, 0.0));
        assert!(frame(180).is_upright(-1.0, 0.0));
        assert!(frame(-90).is_upright(0.0, -1.0));
    }

    #[test]
    fn what_is_no_page_has_no_frame() {
        for shown in [
            UserArea { right: 100.0, ..SHOWN },
            UserArea { top: f32::NAN, ..SHOWN },
            UserArea { right: 1e30, ..SHOWN },
        ] {
            assert!(Frame::new(shown, Turn::None).is_none());
        }
    }
}
