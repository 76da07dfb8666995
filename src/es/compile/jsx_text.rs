//! Text between elements: drops white space around line breaks and decodes entities.

use oxc_syntax::xml_entities::XML_ENTITIES;

/// The text as a child; `None` if nothing is left.
pub fn trimmed(text: &str) -> Option<String> {
    if !text.contains(['\n', '\r']) {
        return (!text.is_empty()).then(|| decoded(text));
    }
    let lines: Vec<&str> = text.split(['\n', '\r']).collect();
    let last = lines.len() - 1;
    let mut all: Option<String> = None;
    for (index, line) in lines.iter().enumerate() {
        let mut line = *line;
        if index > 0 {
            line = line.trim_start_matches([' ', '\t']);
        }
        if index < last {
            line = line.trim_end_matches([' ', '\t']);
        }
        if line.is_empty() {
            continue;
        }
        let line = decoded(line);
        match &mut all {
            Some(all) => {
                all.push(' ');
                all.push_str(&line);
            }
            None => all = Some(line),
        }
    }
    all
}

/// Decodes entities (`&amp;`).
pub fn decoded(text: &str) -> String {
    let mut output = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        output.push_str(&rest[..at]);
        rest = &rest[at..];
        let entity = rest
            .find(';')
            .and_then(|end| Some((entity(rest.get(1..end)?)?, end)));
        if let Some((char, end)) = entity {
            output.push(char);
            rest = &rest[end + 1..];
        } else {
            output.push('&');
            rest = &rest[1..];
        }
    }
    output.push_str(rest);
    output
}

fn entity(name: &str) -> Option<char> {
    let Some(number) = name.strip_prefix('#') else {
        return XML_ENTITIES.get(name).copied();
    };
    let code = match number.strip_prefix('x') {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number.parse().ok()?,
    };
    char::from_u32(code)
}
