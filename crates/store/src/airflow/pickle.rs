//! Reads pickles of plain data without ever running anything: None, booleans, numbers, texts, lists, tuples, sets and
//! dictionaries. A pickle that would call Python code to be made again is refused, with the name of that code.
//!
//! Formats: protocols 0 to 5 as documented in Python's `pickletools`.

use std::rc::Rc;

use serde_json::{Map, Number, Value};

/// Values that one pickle may hold, with repetitions: references could make a small file a huge text.
const MOST: usize = 1_000_000;

/// Why a pickle can't be read, in words that can be counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused(pub(super) String);

#[derive(Clone, Debug)]
enum Item {
    Plain(Value),
    List(Rc<std::cell::RefCell<Vec<Item>>>),
    Dict(Rc<std::cell::RefCell<Vec<(Item, Item)>>>),
    Mark,
}

/// Reads a pickle as JSON.
///
/// # Errors
/// [`Refused`] if it needs code, or is none.
pub(super) fn read(bytes: &[u8]) -> Result<Value, Refused> {
    let mut machine = Machine { bytes, at: 0, stack: Vec::new(), memo: Vec::new() };
    let item = machine.run()?;
    let mut left = MOST;
    plain(&item, &mut left, 0)
}

struct Machine<'b> {
    bytes: &'b [u8],
    at: usize,
    stack: Vec<Item>,
    memo: Vec<Option<Item>>,
}

fn damaged() -> Refused {
    Refused("the pickle is damaged".into())
}

fn list(items: Vec<Item>) -> Item {
    Item::List(Rc::new(std::cell::RefCell::new(items)))
}

impl Machine<'_> {
    fn run(&mut self) -> Result<Item, Refused> {
        loop {
            let op = self.take(1)?[0];
            match op {
                // PROTO and FRAME say nothing about the value.
                0x80 => drop(self.take(1)?),
                0x95 => drop(self.take(8)?),
                b'.' => return self.stack.pop().ok_or_else(damaged),
                b'(' => self.stack.push(Item::Mark),
                b'0' => drop(self.pop()?),
                b'1' => drop(self.since_mark()?),
                b'2' => {
                    let top = self.top()?.clone();
                    self.stack.push(top);
                }
                b'N' => self.push(Value::Null),
                0x88 => self.push(true.into()),
                0x89 => self.push(false.into()),
                b'I' | b'L' | b'F' | b'S' | b'V' => self.line_of(op)?,
                b'J' => {
                    let bytes = self.array::<4>()?;
                    self.push(i32::from_le_bytes(bytes).into());
                }
                b'K' => {
                    let byte = self.take(1)?[0];
                    self.push(byte.into());
                }
                b'M' => {
                    let bytes = self.array::<2>()?;
                    self.push(u16::from_le_bytes(bytes).into());
                }
                0x8a => {
                    let length = usize::from(self.take(1)?[0]);
                    self.long(length)?;
                }
                0x8b => {
                    let length = self.length32()?;
                    self.long(length)?;
                }
                b'G' => {
                    let number = f64::from_be_bytes(self.array()?);
                    self.float(number)?;
                }
                b'X' => {
                    let length = self.length32()?;
                    self.text(length)?;
                }
                0x8c => {
                    let length = usize::from(self.take(1)?[0]);
                    self.text(length)?;
                }
                0x8d => {
                    let length = usize::try_from(u64::from_le_bytes(self.array()?)).map_err(|_| damaged())?;
                    self.text(length)?;
                }
                b'T' | b'U' => {
                    // Texts of Python 2, when they are plain.
                    let length = if op == b'T' { self.length32()? } else { usize::from(self.take(1)?[0]) };
                    self.text(length)?;
                }
                b'B' | b'C' | 0x8e | 0x96 | 0x97 | 0x98 => return Err(Refused("it holds bytes".into())),
                b']' => self.stack.push(list(Vec::new())),
                b'l' | b't' | 0x91 => {
                    let items = self.since_mark()?;
                    self.stack.push(list(items));
                }
                b')' | 0x8f => self.stack.push(list(Vec::new())),
                0x85..=0x87 => {
                    let from = self.stack.len().checked_sub(usize::from(op - 0x84)).ok_or_else(damaged)?;
                    let items = self.stack.split_off(from);
                    self.stack.push(list(items));
                }
                b'}' => self.stack.push(Item::Dict(Rc::default())),
                b'd' => {
                    let items = self.since_mark()?;
                    self.stack.push(Item::Dict(Rc::default()));
                    self.set(items)?;
                }
                b's' => {
                    let (value, key) = (self.pop()?, self.pop()?);
                    self.set(vec![key, value])?;
                }
                b'u' => {
                    let items = self.since_mark()?;
                    self.set(items)?;
                }
                b'a' => {
                    let item = self.pop()?;
                    self.extend(vec![item])?;
                }
                b'e' | 0x90 => {
                    let items = self.since_mark()?;
                    self.extend(items)?;
                }
                b'p' | b'q' | b'r' | 0x94 => {
                    let key = self.memo_key(op)?;
                    let top = self.top()?.clone();
                    // A memo has no more entries than the pickle has bytes.
                    if key > self.bytes.len() {
                        return Err(damaged());
                    }
                    if self.memo.len() <= key {
                        self.memo.resize(key + 1, None);
                    }
                    self.memo[key] = Some(top);
                }
                b'g' | b'h' | b'j' => {
                    let key = self.memo_key(op)?;
                    let item = self.memo.get(key).cloned().flatten().ok_or_else(damaged)?;
                    self.stack.push(item);
                }
                b'c' => {
                    let (module, name) = (self.line()?, self.line()?);
                    return Err(needs(&module, &name));
                }
                0x93 => {
                    let (name, module) = (self.pop()?, self.pop()?);
                    let word = |item: &Item| match item {
                        Item::Plain(Value::String(text)) => text.clone(),
                        _ => "?".into(),
                    };
                    return Err(needs(&word(&module), &word(&name)));
                }
                _ => return Err(Refused("it needs Python code to be read".into())),
            }
        }
    }

    fn take(&mut self, count: usize) -> Result<&[u8], Refused> {
        let end = self.at.checked_add(count).ok_or_else(damaged)?;
        let taken = self.bytes.get(self.at..end).ok_or_else(damaged)?;
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Refused> {
        self.take(N)?.try_into().map_err(|_| damaged())
    }

    fn length32(&mut self) -> Result<usize, Refused> {
        usize::try_from(u32::from_le_bytes(self.array()?)).map_err(|_| damaged())
    }

    fn line(&mut self) -> Result<String, Refused> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = rest.iter().position(|byte| *byte == b'\n').ok_or_else(damaged)?;
        let text = String::from_utf8_lossy(&rest[..length]).into_owned();
        self.at += length + 1;
        Ok(text)
    }

    /// Values that protocol 0 writes as lines.
    fn line_of(&mut self, op: u8) -> Result<(), Refused> {
        let line = self.line()?;
        match (op, line.as_str()) {
            (b'I', "00") => self.push(false.into()),
            (b'I', "01") => self.push(true.into()),
            (b'I' | b'L', digits) => {
                let number: i64 = digits.trim_end_matches('L').parse().map_err(|_| damaged())?;
                self.push(number.into());
            }
            (b'F', digits) => self.float(digits.parse().map_err(|_| damaged())?)?,
            (b'V', text) if !text.contains('\\') => self.push(text.into()),
            (b'S', text) if text.len() > 1 && !text.contains('\\') => self.push(text[1..text.len() - 1].into()),
            _ => return Err(Refused("it is in an old form of pickles".into())),
        }
        Ok(())
    }

    fn memo_key(&mut self, op: u8) -> Result<usize, Refused> {
        match op {
            b'p' | b'g' => self.line()?.parse().map_err(|_| damaged()),
            b'q' | b'h' => Ok(usize::from(self.take(1)?[0])),
            b'r' | b'j' => self.length32(),
            _ => Ok(self.memo.len()),
        }
    }

    fn long(&mut self, length: usize) -> Result<(), Refused> {
        let bytes = self.take(length)?;
        if bytes.len() > 8 {
            return Err(Refused("it holds a number of more than 64 bits".into()));
        }
        let fill = if bytes.last().is_some_and(|top| top & 0x80 != 0) { 0xff } else { 0 };
        let mut whole = [fill; 8];
        whole[..bytes.len()].copy_from_slice(bytes);
        self.push(i64::from_le_bytes(whole).into());
        Ok(())
    }

    fn float(&mut self, number: f64) -> Result<(), Refused> {
        let number = Number::from_f64(number).ok_or_else(|| Refused("it holds a number that JSON has not".into()))?;
        self.push(number.into());
        Ok(())
    }

    fn text(&mut self, length: usize) -> Result<(), Refused> {
        let text = std::str::from_utf8(self.take(length)?).map_err(|_| Refused("it holds bytes".into()))?.to_owned();
        self.push(text.into());
        Ok(())
    }

    fn push(&mut self, value: Value) {
        self.stack.push(Item::Plain(value));
    }

    fn pop(&mut self) -> Result<Item, Refused> {
        self.stack.pop().ok_or_else(damaged)
    }

    fn top(&self) -> Result<&Item, Refused> {
        self.stack.last().ok_or_else(damaged)
    }

    fn since_mark(&mut self) -> Result<Vec<Item>, Refused> {
        let mark = self.stack.iter().rposition(|item| matches!(item, Item::Mark)).ok_or_else(damaged)?;
        let items = self.stack.split_off(mark + 1);
        self.stack.pop();
        Ok(items)
    }

    fn set(&mut self, items: Vec<Item>) -> Result<(), Refused> {
        let Item::Dict(dict) = self.top()?.clone() else { return Err(damaged()) };
        let mut items = items.into_iter();
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            dict.borrow_mut().push((key, value));
        }
        Ok(())
    }

    fn extend(&mut self, items: Vec<Item>) -> Result<(), Refused> {
        let Item::List(list) = self.top()?.clone() else { return Err(damaged()) };
        list.borrow_mut().extend(items);
        Ok(())
    }
}

fn needs(module: &str, name: &str) -> Refused {
    Refused(format!("it needs Python code to be read: {module}.{name}"))
}

/// As JSON. A value that holds itself ends at the depth where JSON readers give up.
fn plain(item: &Item, left: &mut usize, depth: usize) -> Result<Value, Refused> {
    *left = left.checked_sub(1).ok_or_else(|| Refused("it is too large".into()))?;
    if depth > 100 {
        return Err(Refused("it is nested too deeply".into()));
    }
    match item {
        Item::Plain(value) => Ok(value.clone()),
        Item::List(items) => items.borrow().iter().map(|item| plain(item, left, depth + 1)).collect(),
        Item::Dict(entries) => {
            let mut map = Map::new();
            for (key, value) in entries.borrow().iter() {
                let key = match plain(key, left, depth + 1)? {
                    Value::String(text) => text,
                    // As json.dumps writes them.
                    other @ (Value::Null | Value::Bool(_) | Value::Number(_)) => other.to_string(),
                    _ => return Err(Refused("a key of a dictionary is no text".into())),
                };
                map.insert(key, plain(value, left, depth + 1)?);
            }
            Ok(Value::Object(map))
        }
        Item::Mark => Err(damaged()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    }

    /// `{"a": [1, 2.5, None, True, -70000, 2**40], "b": ("x", "x"), 3: {}}` by Python's `pickle.dumps`, protocols 0, 2
    /// and 5.
    const PLAIN: [&str; 3] = [
        "286470300a56610a70310a286c70320a49310a6146322e350a614e614930310a61492d37303030300a614c313039393531313632373737364c0a617356620a70330a2856780a70340a67340a7470350a7349330a286470360a732e",
        "80027d71002858010000006171015d7102284b014740040000000000004e884a90eefeff8a06000000000001655801000000627103580100000078710468048671054b037d7106752e",
        "80059537000000000000007d94288c0161945d94284b014740040000000000004e884a90eefeff8a06000000000001658c0162948c017894680486944b037d94752e",
    ];

    #[test]
    fn reads_plain_data_of_every_protocol() {
        let expected = json!({"a": [1, 2.5, null, true, -70000, 1_099_511_627_776_i64], "b": ["x", "x"], "3": {}});
        for hex in PLAIN {
            assert_eq!(read(&bytes(hex)), Ok(expected.clone()));
        }
    }

    #[test]
    fn never_runs_what_a_pickle_says() {
        // `os.system("true")` and a date, protocols 0 and 4.
        let evil = read(b"cos\nsystem\n(S'true'\ntR.").unwrap_err();
        assert_eq!(evil.0, "it needs Python code to be read: os.system");
        let date =
            read(&bytes("80049520000000000000008c086461746574696d65948c0464617465949394430407e5010194859452942e"))
                .unwrap_err();
        assert_eq!(date.0, "it needs Python code to be read: datetime.date");
    }

    #[test]
    fn damaged_pickles_are_refused() {
        let whole = bytes(PLAIN[2]);
        for end in 0..whole.len() {
            assert!(read(&whole[..end]).is_err(), "{end} bytes");
        }
        for at in 0..whole.len() {
            let mut other = whole.clone();
            other[at] ^= 0xff;
            // Whatever comes out, nothing panics.
            let _ = read(&other);
        }
        // A list that holds itself, and a memo far beyond the end.
        assert_eq!(read(b"]q\x00h\x00a.").unwrap_err().0, "it is nested too deeply");
        assert!(read(b"Nr\xff\xff\xff\xff.").is_err());
    }
}
