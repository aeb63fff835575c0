import UnrollNetworks

/// The heading that a setting stands under.
public enum SettingGroup: String, Sendable, CaseIterable {
  case data = "Data"
  case network = "Network"
  case regularization = "Regularization"
  case training = "Training"
  case search = "Search"
  case output = "Output"
  case checkpoints = "Checkpoints and logs"
  case always = "Always"
}

/// A setting in words: what its value may be, what it does, and what counts when nothing is said.
public struct SettingDescription: Sendable {
  public let name: String
  public var kind: SettingKind
  public let group: SettingGroup
  public let help: String
  /// What a value stands for: `n`, `column`.
  public let valueName: String
  /// What counts when nothing is said; `nil`: nothing, or it is found out.
  public var defaultText: String?
}

/// One setting of a task. This one line gives its option on the command line, its range, its default, its help, its place
/// in `config.json` and its row in the model card.
///
///     static let fields = [
///       SettingField(\.hiddenSize, "hidden", 1...8192, .network, "Units of each direction of a layer.")
///     ]
public struct SettingField<Settings: Sendable>: Sendable {
  public let name: String
  public let kind: SettingKind
  public let group: SettingGroup
  public let help: String
  public let valueName: String
  /// Whether only `config.json` knows it: it is decided by other settings and the data.
  var isKept = false
  /// The value; `nil`: none is set.
  let get: @Sendable (Settings) -> SettingValue?
  /// Takes a value that the kind allows.
  let set: @Sendable (inout Settings, SettingValue) -> Void

  init(
    name: String, kind: SettingKind, group: SettingGroup, help: String, valueName: String,
    get: @escaping @Sendable (Settings) -> SettingValue?,
    set: @escaping @Sendable (inout Settings, SettingValue) -> Void
  ) {
    self.name = name
    self.kind = kind
    self.group = group
    self.help = help
    self.valueName = valueName
    self.get = get
    self.set = set
  }

  /// The same setting of something larger that holds `Settings`.
  public func at<Outer>(_ path: any WritableKeyPath<Outer, Settings> & Sendable) -> SettingField<Outer> {
    let (get, set) = (get, set)
    var field = SettingField<Outer>(
      name: name, kind: kind, group: group, help: help, valueName: valueName,
      get: { get($0[keyPath: path]) }, set: { set(&$0[keyPath: path], $1) })
    field.isKept = isKept
    return field
  }

  /// The same setting, known to `config.json` alone.
  var kept: SettingField {
    var copy = self
    copy.isKept = true
    return copy
  }

  /// In words, with what counts in some settings as the default.
  public func description(default settings: Settings?) -> SettingDescription {
    SettingDescription(
      name: name, kind: kind, group: group, help: help, valueName: valueName,
      defaultText: settings.flatMap(get).map { value in
        if case .duration = kind, case .number(let seconds) = value {
          return DurationText.brief(.seconds(seconds))
        }
        return value.text
      })
  }
}

extension SettingField {
  public typealias Path<Value> = WritableKeyPath<Settings, Value> & Sendable

  public init(
    _ path: any Path<Int>, _ name: String, _ range: ClosedRange<Int>, _ group: SettingGroup, _ help: String,
    valueName: String = "n"
  ) {
    self.init(
      name: name, kind: .integer(range), group: group, help: help, valueName: valueName,
      get: { .integer($0[keyPath: path]) },
      set: { if case .integer(let value) = $1 { $0[keyPath: path] = value } })
  }

  public init(
    _ path: any Path<Int?>, _ name: String, _ range: ClosedRange<Int>, _ group: SettingGroup, _ help: String,
    valueName: String = "n"
  ) {
    self.init(
      name: name, kind: .integer(range), group: group, help: help, valueName: valueName,
      get: { $0[keyPath: path].map { .integer($0) } },
      set: { if case .integer(let value) = $1 { $0[keyPath: path] = value } })
  }

  public init(_ path: any Path<UInt64>, _ name: String, _ group: SettingGroup, _ help: String) {
    self.init(
      name: name, kind: .integer(0...Int.max), group: group, help: help, valueName: "n",
      get: { .integer(Int(clamping: $0[keyPath: path])) },
      set: { if case .integer(let value) = $1 { $0[keyPath: path] = UInt64(value) } })
  }

  public init(
    _ path: any Path<Double>, _ name: String, _ range: ClosedRange<Double>, _ group: SettingGroup,
    _ help: String,
    valueName: String = "x"
  ) {
    self.init(
      name: name, kind: .number(range), group: group, help: help, valueName: valueName,
      get: { .number($0[keyPath: path]) }, set: { $0[keyPath: path] = $1.double ?? $0[keyPath: path] })
  }

  public init(
    _ path: any Path<Double?>, _ name: String, _ range: ClosedRange<Double>, _ group: SettingGroup,
    _ help: String, valueName: String = "x"
  ) {
    self.init(
      name: name, kind: .number(range), group: group, help: help, valueName: valueName,
      get: { $0[keyPath: path].map { .number($0) } },
      set: { $0[keyPath: path] = $1.double ?? $0[keyPath: path] })
  }

  public init(
    _ path: any Path<Float>, _ name: String, _ range: ClosedRange<Double>, _ group: SettingGroup,
    _ help: String,
    valueName: String = "x"
  ) {
    self.init(
      name: name, kind: .number(range), group: group, help: help, valueName: valueName,
      // The shortest decimal number that is this one: 0.3, not 0.30000001192092896.
      get: { .number(Double("\($0[keyPath: path])") ?? Double($0[keyPath: path])) },
      set: { if let value = $1.double { $0[keyPath: path] = Float(value) } })
  }

  public init(_ path: any Path<Bool>, _ name: String, _ group: SettingGroup, _ help: String) {
    self.init(
      name: name, kind: .flag, group: group, help: help, valueName: "",
      get: { .flag($0[keyPath: path]) }, set: { if case .flag(let value) = $1 { $0[keyPath: path] = value } })
  }

  public init(
    _ path: any Path<String?>, _ name: String, _ group: SettingGroup, _ help: String,
    valueName: String = "text"
  ) {
    self.init(
      name: name, kind: .text, group: group, help: help, valueName: valueName,
      get: { $0[keyPath: path].map { .text($0) } },
      set: { if case .text(let value) = $1 { $0[keyPath: path] = value } })
  }

  public init(
    _ path: any Path<[String]>, _ name: String, _ group: SettingGroup, _ help: String,
    valueName: String = "text,…"
  ) {
    self.init(
      name: name, kind: .list(.text), group: group, help: help, valueName: valueName,
      get: { $0[keyPath: path].isEmpty ? nil : .list($0[keyPath: path].map { .text($0) }) },
      set: { $0[keyPath: path] = $1.texts ?? $0[keyPath: path] })
  }

  public init<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
    _ path: any Path<Choice>, _ name: String, _ group: SettingGroup, _ help: String
  ) {
    self.init(
      name: name, kind: .choice(Choice.allCases.map(\.rawValue)), group: group, help: help, valueName: "name",
      get: { .text($0[keyPath: path].rawValue) },
      set: {
        if case .text(let word) = $1, let value = Choice(rawValue: word) { $0[keyPath: path] = value }
      })
  }

  public init<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
    _ path: any Path<Choice?>, _ name: String, _ group: SettingGroup, _ help: String
  ) {
    self.init(
      name: name, kind: .choice(Choice.allCases.map(\.rawValue)), group: group, help: help, valueName: "name",
      get: { $0[keyPath: path].map { .text($0.rawValue) } },
      set: { if case .text(let word) = $1 { $0[keyPath: path] = Choice(rawValue: word) } })
  }

  public init<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
    _ path: any Path<[Choice]>, _ name: String, _ group: SettingGroup, _ help: String
  ) {
    self.init(
      name: name, kind: .list(.choice(Choice.allCases.map(\.rawValue))), group: group, help: help,
      valueName: "name,…", get: { .list($0[keyPath: path].map { .text($0.rawValue) }) },
      set: { $0[keyPath: path] = $1.texts?.compactMap(Choice.init(rawValue:)) ?? $0[keyPath: path] })
  }

  public init(
    _ path: any Path<[Int]>, _ name: String, _ range: ClosedRange<Int>, _ group: SettingGroup, _ help: String
  ) {
    self.init(
      name: name, kind: .list(.integer(range)), group: group, help: help, valueName: "n,…",
      get: { $0[keyPath: path].isEmpty ? nil : .list($0[keyPath: path].map { .integer($0) }) },
      set: { $0[keyPath: path] = $1.integers ?? $0[keyPath: path] })
  }

  public init(
    _ path: any Path<[Float]>, _ name: String, _ range: ClosedRange<Double>, _ group: SettingGroup,
    _ help: String
  ) {
    self.init(
      name: name, kind: .list(.number(range)), group: group, help: help, valueName: "x,…",
      get: { .list($0[keyPath: path].map { .number(Double("\($0)") ?? Double($0)) }) },
      set: { $0[keyPath: path] = $1.doubles?.map { Float($0) } ?? $0[keyPath: path] })
  }

  /// A time in seconds.
  public init(duration path: any Path<Double?>, _ name: String, _ group: SettingGroup, _ help: String) {
    self.init(
      name: name, kind: .duration, group: group, help: help, valueName: "time",
      get: { $0[keyPath: path].map { .number($0) } },
      set: { $0[keyPath: path] = $1.double ?? $0[keyPath: path] })
  }
}

extension SettingValue {
  var double: Double? {
    switch self {
    case .number(let value): value
    case .integer(let value): Double(value)
    default: nil
    }
  }

  private var parts: [SettingValue]? { if case .list(let values) = self { values } else { nil } }
  var texts: [String]? { parts?.map(\.text) }
  var doubles: [Double]? { parts?.compactMap(\.double) }
  var integers: [Int]? {
    parts?.compactMap { if case .integer(let value) = $0 { value } else { nil } }
  }
}
