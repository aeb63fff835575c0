/// A mistake in `forEachParameter` of a module: something would never be trained or saved, or not be told apart.
public enum ModuleError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A stored parameter that `forEachParameter` does not visit.
  case forgotten(member: String, shape: Shape, module: String)
  /// Two parameters under one name.
  case duplicate(name: String, module: String)

  public var description: String {
    switch self {
    case .forgotten(let member, let shape, let module):
      "\(module): expected every parameter to be visited by forEachParameter, found that the member \"\(member)\" of "
        + "shape \(shape) is not: it would neither be trained nor saved (a constant is stored as a Tensor)"
    case .duplicate(let name, let module):
      "\(module): expected parameters of different names, found that forEachParameter gives two the name \"\(name)\""
    }
  }
}

extension Module {
  /// Finds out whether `forEachParameter` visits each stored parameter of this module and of those within it, and gives
  /// each a name of its own. A trainer asks before it begins.
  ///
  /// - Throws: `ModuleError` that names the member.
  public func checkParameters() throws(ModuleError) {
    var marked = self
    var names: Set<String> = []
    var twice: String?
    var marks: Set<ObjectIdentifier> = []
    // Kept while they are compared: the memory of one that was freed would serve the next.
    var kept: [Tensor] = []
    marked.forEachParameter("") { name, parameter in
      if !names.insert(name).inserted { twice = twice ?? name }
      let mark = Tensor(uninitialized: [0])
      marks.insert(ObjectIdentifier(mark.storage))
      kept.append(mark)
      parameter.value = mark
    }
    if let twice { throw .duplicate(name: twice, module: "\(Self.self)") }
    var search = ParameterSearch(marks: marks)
    search.visit(marked, "", depth: 0)
    withExtendedLifetime(kept) {}
    if let (member, shape) = search.forgotten {
      throw .forgotten(member: member, shape: shape, module: "\(Self.self)")
    }
  }
}

/// A walk over the stored properties of a module in which every visited parameter bears a mark.
private struct ParameterSearch {
  let marks: Set<ObjectIdentifier>
  private(set) var forgotten: (member: String, shape: Shape)?
  private var parameters = 0
  private var objects: Set<ObjectIdentifier> = []

  /// Elements of a collection without parameters after which no more are looked at: vocabularies are long.
  private static let patience = 64

  init(marks: Set<ObjectIdentifier>) { self.marks = marks }

  mutating func visit(_ value: Any, _ path: String, depth: Int) {
    guard forgotten == nil, depth < 64 else { return }
    if let parameter = value as? Parameter {
      parameters += 1
      if !marks.contains(ObjectIdentifier(parameter.value.storage)) { forgotten = (path, parameter.shape) }
      return
    }
    if value is Tensor || value is Variable || value is String || value is any BinaryInteger { return }
    let mirror = Mirror(reflecting: value)
    if mirror.displayStyle == .class {
      guard objects.insert(ObjectIdentifier(value as AnyObject)).inserted else { return }
    }
    let isCollection = [.collection, .set, .dictionary].contains(mirror.displayStyle)
    let before = parameters
    for (index, child) in mirror.children.enumerated() {
      if isCollection && index == Self.patience && parameters == before { return }
      let label = isCollection ? "\(index)" : child.label ?? "\(index)"
      // What an optional holds has its name.
      let own = mirror.displayStyle == .optional ? path : parameterName(path, label)
      visit(child.value, own, depth: depth + 1)
    }
    if let above = mirror.superclassMirror {
      for child in above.children {
        visit(child.value, parameterName(path, child.label ?? ""), depth: depth + 1)
      }
    }
  }
}
