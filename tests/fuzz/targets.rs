//! The readers that are fuzzed, and what has to hold of whatever they are given.

use treeherd_rpc::xmlrpc::{Call, answer, call, call_text, fault_text, params, result_text};

/// What XML-RPC is made of.
pub(crate) const XML_WORDS: &[&str] = &[
    "<value>",
    "</value>",
    "<array><data>",
    "</data></array>",
    "<struct>",
    "</struct>",
    "<member>",
    "</member>",
    "<name>",
    "</name>",
    "<int>",
    "</int>",
    "<i4>1</i4>",
    "<i8>1</i8>",
    "<boolean>1</boolean>",
    "<double>-1e308",
    "</double>",
    "<base64>",
    "</base64>",
    "<nil/>",
    "<string>",
    "</string>",
    "<param>",
    "</param>",
    "<params>",
    "</params>",
    "<methodName>system.multicall</methodName>",
    "<methodName>",
    "</methodName>",
    "<fault>",
    "</fault>",
    "faultCode",
    "faultString",
    "methodName",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "<?x",
    "?>",
    "&#0;",
    "&#xD800;",
    "&#13;",
    "&amp;",
    "&x;",
    "<!DOCTYPE a [<!ENTITY b 'c'>]>",
    "99999999999999999999",
    "-",
    "_",
    "+",
    " ",
    "\r\n",
    "encoding='iso-8859-1'",
    "é",
    "\u{fffd}",
];

/// Whatever is read can be written, and reads back as it was written.
pub(crate) fn xml_rpc(bytes: &[u8]) {
    if let Ok(read) = call(bytes) {
        // What XML does not keep (nil, a carriage return) is gone after the first time.
        let first = again(&read);
        assert_eq!(again(&first), first);
        let mut fitted = read.params;
        params::fit(&read.method, &mut fitted);
    }
    match answer(bytes) {
        Ok(Ok(result)) => {
            let written = result_text(&result.to_string(), usize::MAX).expect("JSON can be written");
            let first = answer(written.as_bytes()).expect("it is XML").expect("it is a result");
            let written = result_text(&first.to_string(), usize::MAX).expect("JSON can be written");
            assert_eq!(answer(written.as_bytes()), Ok(Ok(first)));
        }
        Ok(Err(fault)) => {
            let read =
                answer(fault_text(&fault).as_bytes()).expect("it is XML").expect_err("it is a fault");
            assert_eq!(read.code, fault.code);
        }
        Err(_) => {}
    }
}

fn again(read: &Call) -> Call {
    let written = call_text(&read.method, &read.params, usize::MAX).expect("parameters can be written");
    call(written.as_bytes()).unwrap_or_else(|error| panic!("{error}: {written}"))
}

/// What lists of variables are made of.
pub(crate) const ENVIRONMENT_WORDS: &[&str] = &[
    "=",
    ",",
    "\"",
    "'",
    "\\",
    "KEY=",
    "%(ENV_HOME)s",
    "%%",
    "#",
    ";",
    "\n",
    "\t",
    " ",
    "é",
    "\u{2028}",
    "A=\"b\",",
];

/// A list is read or refused in words.
pub(crate) fn environment(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Err(error) = treeherd_config::environment::parse(&text) {
        assert!(!error.to_string().is_empty());
    }
}
