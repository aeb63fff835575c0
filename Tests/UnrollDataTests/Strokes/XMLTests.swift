import Testing
import UnrollCore
import UnrollData

@Suite struct XMLTests {
  private func events(_ text: String) throws(DataError) -> [XMLReader.Event] {
    var reader = try XMLReader(Array(text.utf8), name: "a.xml")
    var result: [XMLReader.Event] = []
    while let event = try reader.next() { result.append(event) }
    return result
  }

  private func why(_ text: String) -> String {
    do throws(DataError) {
      _ = try events(text)
      return "read"
    } catch { return error.description }
  }

  @Test func elementsAttributesAndText() throws {
    let text = """
      <?xml version="1.0" encoding="UTF-8"?>
      <!DOCTYPE a [ <!ENTITY x "<>]"> ]>
      <!-- <b> --><ns:a k='1 &lt; 2' ns:l = "&#65;&#x42;&quot;">
      x &amp; y<![CDATA[<&>]]><b/><?do it?><c ></c >ü</ns:a>
      <!-- end -->
      """
    #expect(
      try events(text) == [
        .start("a", attributes: ["k": "1 < 2", "ns:l": "AB\""]), .text("\nx & y"), .text("<&>"),
        .start("b", attributes: [:]), .end("b"), .start("c", attributes: [:]), .end("c"), .text("ü"),
        .end("a"),
      ])
    let latin = Array("<?xml version='1.0' encoding='ISO-8859-1'?><a>".utf8) + [0xe9] + Array("</a>".utf8)
    var reader = try XMLReader(latin, name: "a.xml")
    _ = try reader.next()
    #expect(try reader.next() == .text("é"))
  }

  @Test func whatIsWrongIsNamedWithItsLine() {
    #expect(why("<a>\n<b></a>") == "a.xml, line 2: expected the end of another element, found \"</a>\"")
    #expect(why("<a>\n") == "a.xml, line 2: expected the end of the element \"a\", found the end of the file")
    #expect(why("<a>&x;</a>").contains("found \"&x;\""))
    #expect(why("<a>&#0;</a>").contains("a character that XML itself names"))
    #expect(why("<a>&#xD800;</a>").contains("a character that XML itself names"))
    #expect(why("<a b='1' b='2'/>").contains("found twice"))
    #expect(why("<a b=1/>").contains("a value in quotes"))
    #expect(why("<a/><b/>").contains("a second root"))
    #expect(why("text").contains("found text \"text\""))
    #expect(why("").contains("found no element"))
    #expect(why("<!-- never").contains("the end of a comment"))
    #expect(why("<1/>").contains("a name"))
    #expect(why(String(repeating: "<a>", count: 300)).contains("at most 256 elements"))
    #expect(why("<!DOCTYPE a [").contains("the end of a declaration"))
    let many = (0..<300).map { " a\($0)='1'" }.joined()
    #expect(why("<a\(many)/>").contains("at most 256 attributes"))
  }

  @Test func damageNeverTraps() {
    var random = RandomSource(seed: 8)
    let seed = Array("<?xml?><!DOCTYPE a><a k='&amp;v'>t<![CDATA[x]]><b/>&#65;<!-- c --></a>".utf8)
    var read = 0
    for _ in 0..<3000 {
      var bytes = seed
      for _ in 0...random.below(3) where !bytes.isEmpty {
        let place = random.below(bytes.count)
        switch random.below(3) {
        case 0: bytes[place] = seed[random.below(seed.count)]
        case 1: bytes.remove(at: place)
        default: bytes.insert(UInt8(random.below(256)), at: place)
        }
      }
      do throws(DataError) {
        var reader = try XMLReader(bytes, name: "a.xml")
        while try reader.next() != nil {}
        read += 1
      } catch { #expect([.badXML, .notText].contains(error.kind)) }
    }
    #expect(read > 100)
  }
}
