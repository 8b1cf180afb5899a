//! The table as a picture: bars, shorter is better.

use std::fmt::Write as _;

use crate::report::Table;

/// Rows of the picture, if they were measured; the others would only repeat them.
const ROWS: [&str; 7] = [
    "untouched",
    "no-cookie",
    "read",
    "rmw",
    "new",
    "flash",
    "rotate",
];
const LEFT: f64 = 215.0;
const BARS: f64 = 500.0;
const WIDTH: f64 = LEFT + BARS + 60.0;
const BAR: f64 = 11.0;
const GAP: f64 = 14.0;
/// Where a bar is cut off: beyond it the number says how long it were.
const MOST: f64 = 12.0;

/// Ours stands out; the floor is a shade of it; the others share a row of greys and one hue each.
fn class(name: &str) -> &'static str {
    match name {
        "ours" => "o",
        "ours-around" => "a",
        "floor" => "f",
        "tower-sessions" => "t",
        "axum_session" => "x",
        "actix-session" => "c",
        "typed-session" => "y",
        _ => "",
    }
}

/// Light and dark: the page's text colour is not known to an image, so both are asked of the browser.
const STYLE: &str = "\
text{font:12px system-ui,-apple-system,'Segoe UI',sans-serif;fill:#24292f}\
.h{font-weight:600}.n{font-size:10px;fill:#57606a}.g{stroke:#d0d7de;stroke-width:1}.b{stroke:#57606a;stroke-width:1}\
.o{fill:#0969da}.a{fill:#54aeff}.f{fill:#afb8c1}.t{fill:#bf8700}.x{fill:#8250df}.c{fill:#cf222e}.y{fill:#1a7f37}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.n{fill:#9198a1}.g{stroke:#3d444d}.b{stroke:#9198a1}\
.o{fill:#4493f8}.a{fill:#1f6feb}.f{fill:#656c76}.t{fill:#d29922}.x{fill:#ab7df8}.c{fill:#f85149}.y{fill:#3fb950}}";

pub fn svg(table: &Table<'_>) -> String {
    let shown: Vec<usize> = (0..table.subjects.len())
        .filter(|at| !class(table.subjects[*at].name).is_empty())
        .collect();
    let rows: Vec<_> = table
        .rows
        .iter()
        .filter(|(scenario, _)| ROWS.contains(&scenario.name))
        .collect();
    let longest = rows
        .iter()
        .flat_map(|(_, cells)| shown.iter().filter_map(|at| cells[*at].ratio))
        .fold(2.0, f64::max)
        .min(MOST)
        .ceil();
    let scale = BARS / longest;

    let mut out = String::new();
    let mut y = 16.0;
    let _ = write!(
        out,
        "<text class='h' x='0' y='{y}'>Time of a request, as a multiple of a router without sessions</text>"
    );
    y += 18.0;
    let mut x = 0.0;
    for at in &shown {
        let name = table.subjects[*at].name;
        let label = label(name);
        let width = 24.0 + 6.6 * label.chars().count() as f64;
        if x + width > WIDTH {
            (x, y) = (0.0, y + 18.0);
        }
        let _ = write!(
            out,
            "<rect class='{}' x='{x:.0}' y='{:.0}' width='10' height='10' rx='2'/><text x='{:.0}' y='{y:.0}'>{label}</text>",
            class(name),
            y - 9.0,
            x + 15.0,
        );
        x += width;
    }
    y += 14.0;
    let top = y;
    for (scenario, cells) in rows {
        let height = shown.len() as f64 * BAR;
        let _ = write!(
            out,
            "<text x='{:.0}' y='{:.1}' text-anchor='end'>{}</text>",
            LEFT - 10.0,
            y + height / 2.0 + 4.0,
            scenario.title,
        );
        for at in &shown {
            if let Some(ratio) = cells[*at].ratio {
                let width = ratio.min(longest) * scale;
                let _ = write!(
                    out,
                    "<rect class='{}' x='{LEFT}' y='{y:.0}' width='{width:.1}' height='{:.0}'/>\
                     <text class='n' x='{:.1}' y='{:.1}'>{ratio:.2}</text>",
                    class(table.subjects[*at].name),
                    BAR - 1.0,
                    LEFT + width + 4.0,
                    y + BAR - 2.0,
                );
            }
            y += BAR;
        }
        y += GAP;
    }
    let bottom = y - GAP + 4.0;
    let mut grid = String::new();
    for mark in 1..=longest as u32 {
        let x = LEFT + f64::from(mark) * scale;
        let class = if mark == 1 { "b" } else { "g" };
        let _ = write!(
            grid,
            "<line class='{class}' x1='{x:.1}' x2='{x:.1}' y1='{top:.0}' y2='{bottom:.0}'/>\
             <text class='n' x='{x:.1}' y='{:.0}' text-anchor='middle'>{mark}</text>",
            bottom + 12.0,
        );
    }
    let height = bottom + 20.0;
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH:.0} {height:.0}' width='{WIDTH:.0}' \
         height='{height:.0}' role='img'><title>What a session costs</title><style>{STYLE}</style>{grid}{out}</svg>\n"
    )
}

fn label(name: &str) -> &str {
    match name {
        "ours" => "session",
        "ours-around" => "session, around the router",
        "floor" => "floor: by hand, no features",
        other => other,
    }
}
