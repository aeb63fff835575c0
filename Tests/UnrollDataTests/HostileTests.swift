import Testing
import UnrollData

/// Reading either gives series or throws `DataError`; it never stops the process.
@Suite struct HostileTests {
  @Test func oddFilesAreReadOrRefused() {
    let megabyte = String(repeating: "x", count: 1 << 20)
    let digits = String(repeating: "7", count: 1 << 20)
    let texts = [
      "\"", "\"\"", "\"\n\"", ",", ";", "|", "\t", ",,,,\n,,,,\n", "\0", "a\0b,c\n1,2\n", "#", "#\n#\n", "\r",
      "\r\r\n\n\r",
      megabyte, "\(megabyte),b\n1,2\n", "a,b\n\(megabyte),\(megabyte)\n", "a,b\n\(digits),\(digits)\n",
      "a\n\"\(megabyte)", "date,x\n0000-00-00,1\n", "date,x\n2020-13-01,1\n",
      "date,x\n99999999999999999999,1\n1,2\n",
      "t,x\n999999999999999999,1\n-999999999999999999,2\n", "t,x\n1,1\n999999999999999999,2\n",
      "date,x\n1,NaN\n2,nan\n3,Infinity\n", "date,date\n", "a,b\n1,2\n\n\n3", "x\n\u{FEFF}1\n",
      "x,y\n\u{FEFF},1\n",
      "t,x\n9200000000000,1\n-9200000000000,2\n", "t,x\n253402300799,1\n-253402300799,2\n",
      "date,x\n9999-12-31,1\n0001-01-01,2\n", "date,x\n9999999999,1\n100000000,2\n",
      String(repeating: "a\n", count: 1000),
      String(repeating: ",", count: 100_000) + "a\n", String(repeating: "\"\"", count: 10_000) + "\n",
      "date,x\n2020-01-01,\"1\n2\"\n", "a,b\n\"1\" ,2\n3, \"4\"\n",
    ]
    for text in texts {
      let bytes = Array(text.utf8)
      for request in [
        SeriesRequest(), SeriesRequest(time: "date", frequency: .monthly),
        SeriesRequest(targets: ["x"], id: "a"),
        SeriesRequest(targets: ["b"], frequency: .step),
        SeriesRequest(timeFormat: TimeFormat(example: "unix seconds")),
        SeriesRequest(timeFormat: TimeFormat(example: "20030131")),
      ] {
        if let error = failure(bytes, request) { #expect(error.description.utf8.count < 2000) }
      }
    }
  }

  /// Plain files with some bytes changed, removed, doubled or swapped for hostile ones.
  @Test(arguments: 0..<8 as Range<UInt64>) func damagedFilesAreReadOrRefused(_ seed: UInt64) {
    var random = Numbers(state: seed)
    let samples = [
      "date,store,sales\n2020-01-01,a,1\n2020-01-02,a,2.5\n2020-01-01,b,NA\n2020-01-02,b,-3e2\n",
      "t;x;y\r\n1;1,5;2\r\n2;;3\r\n3;\"4\";5\r\n", "ds\ty\n01/02/2020 13:00\t1\n01/03/2020 13:00\t2\n",
      "week,v\n2020-W01,1\n2020-W02,2\n2020-W05,3\n", "q,v\n2020Q1,1\n2020Q2,2\n",
      "time,v\n2020-01-01T00:00:00.5+02:00,1\n2020-01-01T00:00:01.5+01:00,2\n",
      "year,month,x\n2010,1,1\n2010,2,2\n2010,3,3\n",
      "date;hour;x\n1.1.20;23;1,5\n1.1.20;24;2\n2.1.20;1;1.234\n",
      "date,x\nJan-10,$1\nFeb-10,(2)\nMar-10,3.4M\n",
      "date,x\n\"May 5, 2020\",\"1,234\"\n\"May 6, 2020\",5\n",
      "k,2018,2019,2020\na,1,2,3\nb,4,,6\n", "date,x\n43831.25,1\n43831.5,2\n43831.75,3\n",
      "time,x\n1949.083,1\n1949.167,2\n1949.25,3\n", "ts,x\n1577836800.200,1\n1577836800.400,2\n",
      "t,x\n2020-01-01 1:00 PM UTC,1\n2020-01-01 2:00 PM UTC,2\n", "Year,Q1,Q2,Q3,Q4\n2019,1,2,3,4\n",
      "t,x\n2020-01-01 00:00:03,1\n2020-01-01 00:15:01,2\n2020-01-01 00:29:58,3\n",
      "\u{FEFF}\"a\"\"b\",x\n1600000000,1\n1600003600,2\n", "x\n1\n\n3\n",
    ].map { Array($0.utf8) }
    let spice: [UInt8] = Array("\",;\t|\n\r0123456789-+./:TZeQWMKAP$%()'′ #\0é−".utf8) + [0xFF, 0x80]
    var read = 0
    var refused = 0
    for _ in 0..<700 {
      var bytes = samples[Int(random.next() % UInt64(samples.count))]
      for _ in 0...(random.next() % 4) where !bytes.isEmpty {
        let place = Int(random.next() % UInt64(bytes.count))
        switch random.next() % 4 {
        case 0: bytes[place] = spice[Int(random.next() % UInt64(spice.count))]
        case 1: bytes.remove(at: place)
        case 2: bytes.insert(spice[Int(random.next() % UInt64(spice.count))], at: place)
        default:
          let end = min(bytes.count, place + Int(random.next() % 20))
          bytes.insert(contentsOf: Array(bytes[place..<end]), at: Int(random.next() % UInt64(bytes.count)))
        }
      }
      let requests = [
        SeriesRequest(), SeriesRequest(wide: true),
        SeriesRequest(dates: .dmy, decimal: .comma, repeatedTimes: .mean),
        SeriesRequest(known: ["x"], statics: ["k"]),
        SeriesRequest(timeFormat: try? TimeFormat(pattern: "%d.%m.%y")),
        SeriesRequest(frequency: .daily, timeFormat: try? TimeFormat(pattern: "excel days .2")),
        SeriesRequest(timeFormat: TimeFormat(example: "decimal year .3")),
      ]
      for (index, request) in requests.enumerated() {
        if let error = failure(bytes, request) {
          #expect(!error.description.isEmpty)
          if index == 0 { refused += 1 }
        } else if index == 0 {
          read += 1
        }
      }
    }
    // Both happen, or the test looks at nothing.
    #expect(read > 50 && refused > 50)
  }
}
