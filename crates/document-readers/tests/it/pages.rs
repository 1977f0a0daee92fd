use passages::BlockKind;

use crate::samples::{ARABIC, FRENCH, Format, HINDI, SECRET, blocks, document, notes_hidden};

#[test]
fn a_page_becomes_headings_lists_and_tables() {
    let page = format!(
        "<!DOCTYPE html><title>T</title><nav>Menu</nav><h2>{FRENCH}</h2><p>{ARABIC}<br>suite</p>\
         <ul><li>un<li>deux<ol><li>trois</ol></ul>\
         <table><caption>Légende</caption><tr><th>a<th>b<tr><td>1<td>{HINDI}</table>\
         <pre>x  y</pre><blockquote>cité</blockquote><footer>pied</footer>"
    );
    let read = document(Format::Html, page.as_bytes());
    let (paragraph, row) = (format!("{ARABIC}\nsuite"), format!("1 | {HINDI}"));
    let expected = [
        (BlockKind::Heading { level: 1 }, "T"),
        (BlockKind::Heading { level: 2 }, FRENCH),
        (BlockKind::Paragraph, paragraph.as_str()),
        (BlockKind::ListItem { depth: 0 }, "un"),
        (BlockKind::ListItem { depth: 0 }, "deux"),
        (BlockKind::ListItem { depth: 1 }, "trois"),
        (BlockKind::Paragraph, "Légende"),
        (BlockKind::TableRow, "a | b"),
        (BlockKind::TableRow, row.as_str()),
        (BlockKind::Code, "x  y"),
        (BlockKind::Quote, "cité"),
    ];
    assert_eq!(blocks(&read), expected);
}

#[test]
fn what_a_browser_hides_is_no_text() {
    for hiding in [
        format!("<p hidden>{SECRET}</p>"),
        format!("<!-- {SECRET} -->"),
        format!("<script>{SECRET}</script>"),
        format!("<template><p>{SECRET}</p></template>"),
        format!("<noscript>{SECRET}</noscript>"),
        format!("<p style='display: NONE !important'>{SECRET}</p>"),
        format!("<p style='visibility:hidden'><b>{SECRET}</b></p>"),
        format!("<p style='font-size:0'>{SECRET}</p>"),
        format!("<p style='font-size:1px'>{SECRET}</p>"),
        format!("<p style='opacity:0'>{SECRET}</p>"),
        format!("<p style='color:#fff'>{SECRET}</p>"),
        format!("<p style='color:#fefefe;background:white'>{SECRET}</p>"),
        format!("<div style='background:#000'><p style='color:rgb(0,0,0)'>{SECRET}</p></div>"),
        format!("<p style='color:transparent'>{SECRET}</p>"),
        format!("<font color=white>{SECRET}</font>"),
        format!("<p style='position:absolute;left:-9999px'>{SECRET}</p>"),
        format!("<p style='text-indent:-9999px'>{SECRET}</p>"),
        format!("<p style='height:0;overflow:hidden'>{SECRET}</p>"),
        format!("<p style='clip:rect(0,0,0,0)'>{SECRET}</p>"),
        format!("<p style='transform:scale(0)'>{SECRET}</p>"),
        format!("<style>.x{{display:none}}</style><p class='y x'>{SECRET}</p>"),
        format!(
            "<style>@media screen{{#a p{{visibility:hidden}}}}</style><div id=a><p>{SECRET}</div>"
        ),
        format!("<style>.a{{.b{{display:none}}}}</style><div class=a><p class=b>{SECRET}</div>"),
        format!("<b hidden><p>{SECRET}</b></p>"),
        format!("<p style='display:none ! important'>{SECRET}</p>"),
        format!("<p style='display:/**/none'>{SECRET}</p>"),
        format!("<p style='d\\69 splay:n\\6fne'>{SECRET}</p>"),
        format!("<p style='font-family:\"/*\";display:none;x:\"*/\"'>{SECRET}</p>"),
        format!("<p style='x:\\(;display:none'>{SECRET}</p>"),
        format!(
            "<style>.x{{display:none}}</style><p class=x style='x:\";display:block;\"'>{SECRET}</p>"
        ),
        format!("<p style='color:rgb(100%,100%,100%)'>{SECRET}</p>"),
        format!("<p style='color:hsl(0,0%,100%)'>{SECRET}</p>"),
        format!("<style>.x{{display:none}} p{{display:block}}</style><p class=x>{SECRET}</p>"),
        format!(
            "<style>.x{{display:none!important}}</style><p class=x style='display:block'>{SECRET}</p>"
        ),
        format!("<style>.a:not(.b,.c){{display:none}}</style><p class=a>{SECRET}</p>"),
        format!("<style>.a:not(:hover){{display:none}}</style><p class=a>{SECRET}</p>"),
        format!("<style>b,p:is(.a,.c){{display:none}}</style><p class=a>{SECRET}</p>"),
        format!("<style>.a[x=y].b{{display:none}}</style><p class='a b' x=y>{SECRET}</p>"),
        format!("<style>.x{{scale:0}}</style><p class=x>{SECRET}</p>"),
    ] {
        let page = format!("<!DOCTYPE html><body><p>{FRENCH}</p>{hiding}</body>");
        let read = document(Format::Html, page.as_bytes());
        assert_eq!(read.text, FRENCH, "{hiding}");
        assert!(notes_hidden(&read), "{hiding}");
    }
}

#[test]
fn what_a_browser_shows_is_text() {
    for showing in [
        format!("<p style='color:white;background:#003'>{HINDI}</p>"),
        format!("<div style='font-size:0'><p style='font-size:14px'>{HINDI}</p></div>"),
        format!("<div style='visibility:hidden'><p style='visibility:visible'>{HINDI}</p></div>"),
        format!("<style>@media print{{p{{display:none}}}}</style><p>{HINDI}</p>"),
        format!("<style>.menu li{{display:none}}</style><p>{HINDI}</p>"),
        format!("<table><tr><td><p>{HINDI}</p></td></tr></table>"),
        format!("<style>.x{{display:none}}</style><p class=x style='display:block'>{HINDI}</p>"),
        format!("<style>.x{{display:none}}</style><p style='content:\"a!b\"'>{HINDI}</p>"),
    ] {
        let read = document(Format::Html, format!("<body>{showing}</body>").as_bytes());
        assert_eq!(read.text, HINDI, "{showing}");
    }
}

#[test]
fn the_main_part_is_read_alone() {
    let page =
        format!("<body><div>Menu</div><main><p>{FRENCH}</p></main><aside>pub</aside></body>");
    assert_eq!(document(Format::Html, page.as_bytes()).text, FRENCH);
}
