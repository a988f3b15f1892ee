//! Bodies of XML-RPC: what is read, what is refused, and what is written, to the byte.

use serde_json::{Value, json};
use treeherd_rpc::api::{METHODS, Method};
use treeherd_rpc::xmlrpc::{
    Call, MalformedXml, XmlFault, answer, call, call_text, fault_text, params, result_text,
};

/// The one parameter of a call.
fn param(xml: &str) -> Result<Value, MalformedXml> {
    let body =
        format!("<methodCall><methodName>m</methodName><params><param>{xml}</param></params></methodCall>");
    call(body.as_bytes()).map(|call| call.params.into_iter().next().expect("one was given"))
}

#[test]
fn a_call_of_pythons_client_is_read() {
    let body = "<?xml version='1.0'?>\n<methodCall>\n<methodName>supervisor.m</methodName>\n<params>\n\
        <param>\n<value><int>1</int></value>\n</param>\n<param>\n<value><int>-2</int></value>\n</param>\n\
        <param>\n<value><boolean>1</boolean></value>\n</param>\n\
        <param>\n<value><string>a&lt;&amp;&gt;\"\u{e9}</string></value>\n</param>\n\
        <param>\n<value><double>1.5</double></value>\n</param>\n\
        <param>\n<value><base64>\nw6k=\n</base64></value>\n</param>\n<param>\n<value><nil/></value></param>\n\
        <param>\n<value><array><data>\n<value><int>1</int></value>\n<value><array><data>\n\
        <value><string>x</string></value>\n</data></array></value>\n</data></array></value>\n</param>\n\
        <param>\n<value><struct>\n<member>\n<name>k</name>\n<value><string>v</string></value>\n</member>\n\
        <member>\n<name>e</name>\n<value><struct>\n</struct></value>\n</member>\n</struct></value>\n</param>\n\
        <param>\n<value><dateTime.iso8601>20261122T15:05:39</dateTime.iso8601></value>\n</param>\n\
        </params>\n</methodCall>\n";
    let params = json!([
        1,
        -2,
        true,
        "a<&>\"\u{e9}",
        1.5,
        "\u{e9}",
        null,
        [1, ["x"]],
        {"k": "v", "e": {}},
        "20261122T15:05:39",
    ]);
    let Value::Array(params) = params else { unreachable!() };
    assert_eq!(call(body.as_bytes()), Ok(Call { method: "supervisor.m".to_owned(), params }));
}

#[test]
fn values_are_read_with_supervisors_leniency() {
    for (xml, expected) in [
        ("<value>plain</value>", json!("plain")),
        ("<value> kept </value>", json!(" kept ")),
        ("<value></value>", json!("")),
        ("<value/>", json!("")),
        ("<value><string/></value>", json!("")),
        ("<value><string>a<![CDATA[<b>&amp;]]>c</string></value>", json!("a<b>&amp;c")),
        ("<value><string>&#233;&#xe9;&quot;&apos;</string></value>", json!("\u{e9}\u{e9}\"'")),
        ("<value><string>a<!-- no -->b<?pi no?>c</string></value>", json!("abc")),
        ("<value><string>a\r\nb\rc</string></value>", json!("a\nb\nc")),
        ("<value>\n <int> 7 </int>\n</value>", json!(7)),
        ("<value><i4>-7</i4></value>", json!(-7)),
        ("<value><int>+1_000</int></value>", json!(1000)),
        ("<value><int>99999999999999999999</int></value>", json!(i64::MAX)),
        ("<value><int>-99999999999999999999</int></value>", json!(i64::MIN)),
        ("<value><i8>7</i8></value>", json!("7")),
        ("<value><ex:nil xmlns:ex='x'/></value>", json!(null)),
        ("<value><boolean>true</boolean></value>", json!(false)),
        ("<value><boolean>0</boolean></value>", json!(false)),
        ("<value><base64>Zm 9v\n</base64></value>", json!("foo")),
        ("<value><base64/></value>", json!("")),
        ("<value><array><data/></array></value>", json!([])),
        ("<value><struct/></value>", json!({})),
        (
            "<value><struct><member><value>v</value><name>k</name></member></struct></value>",
            json!({"k": "v"}),
        ),
    ] {
        assert_eq!(param(xml), Ok(expected), "{xml}");
    }
}

#[test]
fn a_call_without_params_or_name_is_told_as_such() {
    let read = |xml: &str| call(xml.as_bytes()).map(|call| (call.method, call.params.len()));
    let named = |name: &str| Ok((name.to_owned(), 0));
    assert_eq!(read("<methodCall><methodName>a.b</methodName></methodCall>"), named("a.b"));
    assert_eq!(read("<methodCall><methodName>a.b</methodName><params/></methodCall>"), named("a.b"));
    assert_eq!(read("<methodCall><methodName> a.b</methodName></methodCall>"), named(" a.b"));
    assert_eq!(
        read("\u{feff}<?xml version='1.0' encoding='utf-8'?><methodName>a</methodName>"),
        named("a")
    );
    for nameless in ["<methodCall/>", "<methodCall><methodName/></methodCall>", "<html></html>"] {
        assert_eq!(read(nameless), named(""), "{nameless}");
    }
}

#[test]
fn what_is_not_well_formed_or_has_no_value_is_refused() {
    for xml in [
        "<value><int>x</int></value>",
        "<value><int></int></value>",
        "<value><int>1__0</int></value>",
        "<value><double>x</double></value>",
        "<value><double>nan</double></value>",
        "<value><dateTime.iso8601>now</dateTime.iso8601></value>",
        "<value><base64>abc</base64></value>",
        "<value><base64>/w==</base64></value>",
        "<value><array/></value>",
        "<value><struct><member/></struct></value>",
        "<value><struct><member><name>k</name></member></struct></value>",
        "",
        "<value><string>&nbsp;</string></value>",
        "<value><string>&#0;</string></value>",
        "<value><string>\u{1b}[0m</string></value>",
        "<value><string>a & b</string></value>",
        "<value a></value>",
        "<value></string>",
        "<value",
    ] {
        assert!(param(xml).is_err(), "{xml}");
    }
    for body in [
        "",
        "   ",
        "text",
        "{\"jsonrpc\":\"2.0\"}",
        "<methodCall>",
        "<methodName>a</methodName><methodName>b</methodName>",
        "<methodName>a</methodName>text",
        "</methodName>",
        "<?xml version='1.0'?>",
        "<!DOCTYPE x><methodName>a</methodName>",
        "<!DOCTYPE x [<!ENTITY a \"b\">]><methodName>&a;</methodName>",
    ] {
        assert!(call(body.as_bytes()).is_err(), "{body}");
    }
    assert!(call(b"<methodName>\xff</methodName>").is_err());
}

#[test]
fn latin_1_is_read_where_it_is_declared() {
    let declared = b"<?xml version='1.0' encoding='iso-8859-1'?>\n<methodName>\xfc</methodName>";
    assert_eq!(call(declared).map(|call| call.method), Ok("\u{fc}".to_owned()));
    let utf_8 = "<?xml version='1.0' encoding='iso-8859-1'?>\n<methodName>\u{fc}</methodName>";
    assert_eq!(
        call(utf_8.as_bytes()).map(|call| call.method),
        Ok("\u{fc}".to_owned()),
        "as Supervisor reads it"
    );
    for other in ["iso-8859-15", "x-latin1", "windows-1252", ""] {
        let text = format!("<?xml version='1.0' encoding='{other}'?>\n<methodName>");
        let body = [text.as_bytes(), b"\xa4</methodName>"].concat();
        assert!(call(&body).is_err(), "{other} would be read as something else");
    }
}

#[test]
fn depth_and_number_of_elements_are_bounded() {
    let nested = |depth: usize| {
        param(&("<value><array><data>".repeat(depth) + &"</data></array></value>".repeat(depth)))
    };
    assert!(nested(30).is_ok());
    assert!(nested(40).is_err());
    assert!(nested(20_000).is_err());
    let wide = |count: usize| {
        param(&format!("<value><array><data>{}</data></array></value>", "<value/>".repeat(count)))
    };
    assert!(wide(90_000).is_ok());
    assert!(wide(110_000).is_err());
}

#[test]
fn a_result_is_written_as_python_writes_it_to_the_byte() {
    let result = r#"[{"b":1,"a":[true,"x<&>\"é",1.0,-2.5],"gone":null},[],{},"",4294967296]"#;
    let expected = "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><array><data>\n\
        <value><struct>\n<member>\n<name>b</name>\n<value><int>1</int></value>\n</member>\n\
        <member>\n<name>a</name>\n<value><array><data>\n<value><boolean>1</boolean></value>\n\
        <value><string>x&lt;&amp;&gt;\"\u{e9}</string></value>\n<value><double>1.0</double></value>\n\
        <value><double>-2.5</double></value>\n</data></array></value>\n</member>\n</struct></value>\n\
        <value><array><data>\n</data></array></value>\n<value><struct>\n</struct></value>\n\
        <value><string></string></value>\n<value><int>4294967296</int></value>\n\
        </data></array></value>\n</param>\n</params>\n</methodResponse>\n";
    assert_eq!(result_text(result, 10_000).expect("it fits"), expected);
}

#[test]
fn a_fault_is_written_as_python_writes_it_to_the_byte() {
    let fault = XmlFault { code: 10, text: "BAD_NAME: <x>".to_owned() };
    let expected = "<?xml version='1.0'?>\n<methodResponse>\n<fault>\n<value><struct>\n\
        <member>\n<name>faultCode</name>\n<value><int>10</int></value>\n</member>\n\
        <member>\n<name>faultString</name>\n<value><string>BAD_NAME: &lt;x&gt;</string></value>\n</member>\n\
        </struct></value>\n</fault>\n</methodResponse>\n";
    assert_eq!(fault_text(&fault), expected);
    assert_eq!(answer(expected.as_bytes()), Ok(Err(fault)));
}

#[test]
fn characters_that_xml_forbids_are_replaced() {
    let colours = serde_json::to_string("\u{1b}[31mred\u{0}\t\n\u{fffe}").expect("a text");
    let written = result_text(&colours, 10_000).expect("it fits");
    assert!(written.contains("<string>\u{fffd}[31mred\u{fffd}\t\n\u{fffd}</string>"), "{written}");
    assert_eq!(answer(written.as_bytes()), Ok(Ok(json!("\u{fffd}[31mred\u{fffd}\t\n\u{fffd}"))));
}

#[test]
fn an_answer_has_a_size_it_may_have() {
    let long = serde_json::to_string(&"<".repeat(1000)).expect("a text");
    assert!(result_text(&long, 5000).is_ok());
    assert!(result_text(&long, 4000).is_err());
    let many = serde_json::to_string(&vec![0; 1000]).expect("numbers");
    assert!(result_text(&many, 4000).is_err());
}

#[test]
fn what_is_written_reads_back() {
    for value in [
        json!(0),
        json!(-1),
        json!(4_294_967_296_i64),
        json!(true),
        json!(""),
        json!(" <&>\u{e9}\u{1f411} "),
        json!([[], {}, [1, "2", {"a": [false]}]]),
        json!({"name": "cat", "start": 1, "nested": {"x": [1.5]}}),
    ] {
        let text = result_text(&value.to_string(), 10_000).expect("it fits");
        assert_eq!(answer(text.as_bytes()), Ok(Ok(value.clone())), "{text}");
        let text = call_text("a.b", std::slice::from_ref(&value), 10_000).expect("it fits");
        assert_eq!(
            call(text.as_bytes()),
            Ok(Call { method: "a.b".to_owned(), params: vec![value] }),
            "{text}"
        );
    }
    let text = call_text("a.b", &[json!(1), json!(null), json!(null)], 10_000).expect("it fits");
    assert_eq!(
        call(text.as_bytes()).map(|call| call.params),
        Ok(vec![json!(1)]),
        "what is left out is not sent"
    );
}

#[test]
fn answers_of_other_servers_are_read() {
    let read = |value: &str| {
        answer(
            format!("<methodResponse><params><param>{value}</param></params></methodResponse>").as_bytes(),
        )
    };
    assert_eq!(read("<value><i8>4294967296</i8></value>"), Ok(Ok(json!(4_294_967_296_i64))));
    assert_eq!(read("<value><nil/></value>"), Ok(Ok(json!(null))));
    assert!(answer(b"<methodResponse/>").is_err());
    assert!(answer(b"<methodResponse><fault><value>no</value></fault></methodResponse>").is_err());
}

#[test]
fn parameters_are_made_to_fit_as_python_does_in_passing() {
    let fitted = |name: &str, params: Value| {
        let Value::Array(mut params) = params else { unreachable!() };
        params::fit(name, &mut params);
        Value::Array(params)
    };
    for (wait, expected) in [
        (json!(1), true),
        (json!(0), false),
        (json!(0.0), false),
        (json!(""), false),
        (json!("no"), true),
        (json!(null), false),
        (json!([]), false),
        (json!({"a": 1}), true),
    ] {
        assert_eq!(fitted("supervisor.startProcess", json!(["x", wait])), json!(["x", expected]), "{wait}");
    }
    assert_eq!(fitted("supervisor.readLog", json!([" -10 ", true])), json!([-10, 1]));
    assert_eq!(fitted("supervisor.readMainLog", json!([1.9, "x"])), json!([1, "x"]));
    assert_eq!(fitted("supervisor.getProcessInfo", json!([5])), json!([5]), "a name is no number");
    assert_eq!(fitted("supervisor.signalProcess", json!(["x", 15])), json!(["x", 15]));
    assert_eq!(fitted("supervisor.sendRemoteCommEvent", json!([5, true])), json!(["5", "True"]));
    assert_eq!(fitted("toy.method", json!(["1"])), json!(["1"]));
    let calls = json!([[
        {"methodName": "supervisor.stopProcess", "params": ["x", 0]},
        {"methodName": "system.multicall", "params": [[{"methodName": "supervisor.readLog", "params": ["1"]}]]},
        {"methodName": "supervisor.getState"},
        "x",
    ]]);
    let mut expected = calls.clone();
    expected[0][0]["params"] = json!(["x", false]);
    assert_eq!(fitted("system.multicall", calls), expected);
}

#[test]
fn every_method_has_a_name_that_can_be_called() {
    for name in METHODS.iter().flat_map(Method::names) {
        let parts: Vec<&str> = name.split('.').collect();
        assert!(
            matches!(parts[..], [namespace, method] if !namespace.is_empty() && !method.starts_with('_')),
            "{name}"
        );
    }
}
