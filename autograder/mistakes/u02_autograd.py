"""Known mistakes and right alternatives of u02_autograd."""

import torch
from torch import nn

from autograder.mistakes import alternative, mistake

# track


@mistake(
    "track", kind="view_copy",
    en="detach does not copy: the result uses x's memory, so what is written into one shows in the other.",
    vi="detach không sao chép: kết quả dùng chung bộ nhớ với x, nên ghi vào bên này thì bên kia cũng đổi.",
    hint_en="Which method of Tensor makes a copy?",
    hint_vi="Phương thức nào của Tensor tạo bản sao?",
)  # fmt: skip
def detached_but_not_copied(x):
    if not x.is_floating_point():
        raise TypeError("float only")
    return x.detach().requires_grad_(True)


@mistake(
    "track", kind="graph",
    en="clone alone is an operation in x's graph: for an x that requires grad the result is no leaf.",
    vi="Chỉ clone thôi thì vẫn là một phép toán trong đồ thị của x: nếu x requires_grad, kết quả không phải là leaf.",
    hint_en="Cut it off from x before (or after) you copy.",
    hint_vi="Hãy cắt nó khỏi x trước (hoặc sau) khi sao chép.",
)  # fmt: skip
def cloned_but_not_detached(x):
    if not x.is_floating_point():
        raise TypeError("float only")
    return x.clone().requires_grad_(True)


@mistake(
    "track", kind="inplace",
    en="requires_grad_ changes the tensor it is called on: you switched x itself to require grad, and returned x.",
    vi="requires_grad_ thay đổi chính tensor mà nó được gọi: bạn đã bật requires_grad của x rồi trả về luôn x.",
)  # fmt: skip
def x_itself(x):
    if not x.is_floating_point():
        raise TypeError("float only")
    return x.requires_grad_(True)


@mistake(
    "track", kind="dtype",
    en="Integers are turned into floats; the item asks for a TypeError.",
    vi="Bạn đổi số nguyên thành số thực; đề yêu cầu raise TypeError.",
)  # fmt: skip
def integers_made_float(x):
    x = x if x.is_floating_point() else x.float()
    return x.detach().clone().requires_grad_(True)


@mistake(
    "track", kind="dtype",
    en="You refuse int64 only; the other integers and bool cannot require grad either.",
    vi="Bạn chỉ từ chối int64; các kiểu số nguyên khác và bool cũng không thể requires_grad.",
    hint_en="Ask what the dtype is, not what it is not: x.is_floating_point().",
    hint_vi="Hãy hỏi dtype là gì thay vì không phải là gì: x.is_floating_point().",
)  # fmt: skip
def int64_only_refused(x):
    if x.dtype == torch.int64:
        raise TypeError("float only")
    return x.detach().clone().requires_grad_(True)


@mistake(
    "track", kind="api",
    en="For integers torch raises RuntimeError; the item asks for a TypeError: look at the dtype yourself.",
    vi="Với số nguyên, torch raise RuntimeError; đề yêu cầu TypeError: hãy tự kiểm tra dtype.",
    hint_en="x.is_floating_point() answers the question.",
    hint_vi="x.is_floating_point() trả lời câu hỏi này.",
)  # fmt: skip
def left_to_torch(x):
    return x.detach().clone().requires_grad_(True)


@mistake(
    "track", kind="dtype",
    en="torch.tensor of a list makes float32: the dtype of x is lost.",
    vi="torch.tensor từ một list tạo ra float32: dtype của x bị mất.",
    hint_en="Pass dtype=x.dtype, or clone.",
    hint_vi="Truyền dtype=x.dtype, hoặc dùng clone.",
)  # fmt: skip
def dtype_lost_in_a_list(x):
    if not x.is_floating_point():
        raise TypeError("float only")
    return torch.tensor(x.tolist(), requires_grad=True)


@mistake(
    "track", kind="graph",
    en="The copy does not require grad.",
    vi="Bản sao chưa requires_grad.",
    hint_en="requires_grad_(True) is still missing.",
    hint_vi="Còn thiếu requires_grad_(True).",
)  # fmt: skip
def copied_but_not_tracked(x):
    if not x.is_floating_point():
        raise TypeError("float only")
    return x.detach().clone()


@alternative("track")
def by_a_list(x):
    if x.dtype not in (torch.float64, torch.float32, torch.float16, torch.bfloat16):
        raise TypeError("float only")
    return torch.tensor(x.tolist(), dtype=x.dtype, requires_grad=True)


@alternative("track")
def as_a_parameter(x):
    if not torch.is_floating_point(x):
        raise TypeError("float only")
    return nn.Parameter(x.detach().clone())


@alternative("track")
def filled_under_no_grad(x):
    try:
        leaf = torch.empty_like(x, requires_grad=True)
    except RuntimeError as error:
        raise TypeError(str(error)) from None
    with torch.no_grad():
        leaf.copy_(x)
    return leaf


# graph_names


@mistake(
    "graph_names", kind="indexing",
    en="You always follow the first input; where it needs no gradient its node is None, and the walk ends too soon.",
    vi="Bạn luôn đi theo đầu vào thứ nhất; khi nó không cần gradient, node là None và đường đi kết thúc quá sớm.",
    hint_en="Try c * x with a constant c.",
    hint_vi="Hãy thử c * x với c là hằng.",
)  # fmt: skip
def always_the_first_input(y):
    names, node = [], y.grad_fn
    while node is not None:
        names.append(type(node).__name__)
        node = node.next_functions[0][0] if node.next_functions else None
    return names


@mistake(
    "graph_names", kind="return",
    en="The leaf's node, AccumulateGrad, is missing at the end.",
    vi="Thiếu node của leaf, AccumulateGrad, ở cuối danh sách.",
    hint_en="A node without inputs is still a node: note its name before you stop.",
    hint_vi="Node không có đầu vào vẫn là một node: hãy ghi tên nó trước khi dừng.",
)  # fmt: skip
def without_the_leaf(y):
    names, node = [], y.grad_fn
    while node is not None and node.next_functions:
        names.append(type(node).__name__)
        node = next((parent for parent, _ in node.next_functions if parent is not None), None)
    return names


@mistake(
    "graph_names", kind="indexing",
    en="You walk along the last input; the item asks for the first one that has a node.",
    vi="Bạn đi theo đầu vào cuối cùng; đề yêu cầu đầu vào đầu tiên có node.",
)  # fmt: skip
def along_the_last_input(y):
    names, node = [], y.grad_fn
    while node is not None:
        names.append(type(node).__name__)
        node = next((parent for parent, _ in reversed(node.next_functions) if parent is not None), None)
    return names


@mistake(
    "graph_names", kind="api",
    en="node.name() spells the leaf's node with its C++ namespace; the item asks for type(node).__name__.",
    vi="node.name() viết tên node của leaf kèm namespace C++; đề yêu cầu type(node).__name__.",
)  # fmt: skip
def by_the_method_name(y):
    names, node = [], y.grad_fn
    while node is not None:
        names.append(node.name())
        node = next((parent for parent, _ in node.next_functions if parent is not None), None)
    return names


@mistake(
    "graph_names", kind="return",
    en="You list every node of the graph; the item asks for one way, along the first input that has a node.",
    vi="Bạn liệt kê mọi node của đồ thị; đề chỉ yêu cầu một đường, theo đầu vào đầu tiên có node.",
)  # fmt: skip
def every_node(y):
    names, waiting = [], [y.grad_fn]
    while waiting:
        node = waiting.pop(0)
        if node is not None:
            names.append(type(node).__name__)
            waiting += [parent for parent, _ in node.next_functions]
    return names


@mistake(
    "graph_names", kind="api",
    en="A tensor without a grad_fn (a leaf, a constant) is not expected: the list is empty there.",
    vi="Bạn chưa tính đến tensor không có grad_fn (leaf, hằng): khi đó danh sách phải rỗng.",
    hint_en="Test for None before the first name, not after it.",
    hint_vi="Hãy kiểm tra None trước khi ghi tên đầu tiên, không phải sau đó.",
)  # fmt: skip
def none_is_named_too(y):
    names, node = [type(y.grad_fn).__name__], y.grad_fn
    while (node := next((parent for parent, _ in node.next_functions if parent is not None), None)) is not None:
        names.append(type(node).__name__)
    return names


@mistake(
    "graph_names", kind="order",
    en="The list begins at the leaf; the item begins with y.grad_fn.",
    vi="Danh sách của bạn bắt đầu từ leaf; đề bắt đầu từ y.grad_fn.",
)  # fmt: skip
def from_the_leaf(y):
    names, node = [], y.grad_fn
    while node is not None:
        names.insert(0, type(node).__name__)
        node = next((parent for parent, _ in node.next_functions if parent is not None), None)
    return names


@alternative("graph_names")
def by_recursion(y):
    def walk(node):
        if node is None:
            return []
        parents = [parent for parent, _ in node.next_functions if parent is not None]
        return [type(node).__name__, *(walk(parents[0]) if parents else [])]

    return walk(y.grad_fn)


@alternative("graph_names")
def by_an_inner_loop(y):
    names = []
    node = y.grad_fn
    while node:
        names += [node.__class__.__name__]
        following = None
        for pair in node.next_functions:
            if pair[0] is not None:
                following = pair[0]
                break
        node = following
    return names


# accumulate


@mistake(
    "accumulate", kind="state",
    en="The gradients are never zeroed: zero_between makes no difference.",
    vi="Gradient không bao giờ được xóa: zero_between không có tác dụng.",
)  # fmt: skip
def never_zeroed(x, fns, zero_between):
    leaf = x.detach().clone().requires_grad_(True)
    for fn in fns:
        fn(leaf).backward()
    return leaf.grad


@mistake(
    "accumulate", kind="state",
    en="Without zero_between the gradients must add up; yours are zeroed each time (or never come together).",
    vi="Khi không có zero_between, gradient phải cộng dồn; của bạn lần nào cũng bị xóa (hoặc không được cộng lại).",
    hint_en="Zero only if zero_between.",
    hint_vi="Chỉ xóa khi zero_between là True.",
)  # fmt: skip
def always_zeroed(x, fns, zero_between):
    leaf = x.detach().clone().requires_grad_(True)
    for fn in fns:
        leaf.grad = None
        fn(leaf).backward()
    return leaf.grad


@mistake(
    "accumulate", kind="order",
    en="You zero after each backward, the last one too: nothing is left to return.",
    vi="Bạn xóa sau mỗi lần backward, kể cả lần cuối: không còn gì để trả về.",
    hint_en="Zero in front of backward, so that the last gradient stays.",
    hint_vi="Hãy xóa trước khi backward, để gradient cuối cùng còn lại.",
)  # fmt: skip
def zeroed_at_the_end(x, fns, zero_between):
    leaf = x.detach().clone().requires_grad_(True)
    for fn in fns:
        fn(leaf).backward()
        if zero_between:
            leaf.grad.zero_()
    return leaf.grad


@mistake(
    "accumulate", kind="state",
    en="You worked on x itself: afterwards its flag or its .grad is another one.",
    vi="Bạn làm việc trên chính x: sau đó cờ requires_grad hoặc .grad của nó bị thay đổi.",
    hint_en="Begin with a leaf copy: x.detach().clone().requires_grad_(True).",
    hint_vi="Bắt đầu với một bản sao leaf: x.detach().clone().requires_grad_(True).",
)  # fmt: skip
def on_x_itself(x, fns, zero_between):
    x.requires_grad_(True)
    x.grad = None
    for fn in fns:
        if zero_between:
            x.grad = None
        fn(x).backward()
    return x.grad


@mistake(
    "accumulate", kind="order",
    en="Only the first gradient is zeroed away; the others add up. Zero before each backward.",
    vi="Chỉ gradient đầu tiên bị xóa; các gradient sau vẫn cộng dồn. Hãy xóa trước mỗi lần backward.",
)  # fmt: skip
def zeroed_once(x, fns, zero_between):
    leaf = x.detach().clone().requires_grad_(True)
    for i, fn in enumerate(fns):
        if zero_between and i == 1:
            leaf.grad = None
        fn(leaf).backward()
    return leaf.grad


@mistake(
    "accumulate", kind="reduction",
    en="The gradients are averaged; backward adds them.",
    vi="Bạn lấy trung bình các gradient; backward thì cộng chúng lại.",
)  # fmt: skip
def averaged(x, fns, zero_between):
    leaf = x.detach().clone().requires_grad_(True)
    for fn in fns:
        if zero_between:
            leaf.grad = None
        fn(leaf).backward()
    return leaf.grad if zero_between else leaf.grad / len(fns)


@alternative("accumulate")
def one_sum_or_single_gradients(x, fns, zero_between):
    leaf = x.detach().clone().requires_grad_(True)
    values = [fn(leaf) for fn in fns]
    return torch.autograd.grad(values[-1] if zero_between else sum(values), leaf)[0]


@alternative("accumulate")
def zeroed_in_place(x, fns, zero_between):
    leaf = torch.empty_like(x).copy_(x.detach()).requires_grad_()
    for i, fn in enumerate(fns):
        if i > 0 and zero_between:
            leaf.grad.zero_()
        fn(leaf).backward()
    return leaf.grad.clone()


@alternative("accumulate")
def added_by_hand(x, fns, zero_between):
    total = torch.zeros_like(x, requires_grad=False)
    for fn in fns:
        leaf = x.detach().clone().requires_grad_()
        fn(leaf).backward()
        total = leaf.grad if zero_between else total + leaf.grad
    return total


# grad_of


@mistake(
    "grad_of", kind="state",
    en="You called backward on x itself: the gradient stays in x.grad and adds up with what is there.",
    vi="Bạn gọi backward trên chính x: gradient nằm lại trong x.grad và cộng dồn với giá trị cũ.",
    hint_en="Work on x.detach(), or use torch.autograd.grad.",
    hint_vi="Hãy làm việc trên x.detach(), hoặc dùng torch.autograd.grad.",
)  # fmt: skip
def backward_on_x(fn, x):
    x.requires_grad_(True)
    fn(x).backward()
    return x.grad


@mistake(
    "grad_of", kind="state",
    en="x.grad is thrown away: a gradient that was there before the call is gone afterwards.",
    vi="x.grad bị xóa mất: gradient có sẵn trước lời gọi không còn nữa.",
    hint_en="A leaf of your own has a .grad of its own.",
    hint_vi="Một leaf của riêng bạn có .grad riêng.",
)  # fmt: skip
def grad_of_x_cleared(fn, x):
    flag = x.requires_grad
    if not x.is_leaf:
        x = x.detach()
        flag = False
    x.requires_grad_(True)
    x.grad = None
    fn(x).backward()
    grad = x.grad
    x.grad = None
    x.requires_grad_(flag)
    return grad


@mistake(
    "grad_of", kind="graph",
    en="An x that does not require grad is not tracked: give fn a leaf that does.",
    vi="x không requires_grad thì không được theo dõi: hãy đưa cho fn một leaf có requires_grad.",
)  # fmt: skip
def x_is_not_tracked(fn, x):
    return torch.autograd.grad(fn(x), x)[0]


@mistake(
    "grad_of", kind="formula",
    en="Differences give a gradient with few right digits; autograd gives all of them.",
    vi="Sai phân chỉ cho gradient đúng vài chữ số; autograd cho đúng mọi chữ số.",
    hint_en="torch.autograd.grad(fn(leaf), leaf)",
    hint_vi="torch.autograd.grad(fn(leaf), leaf)",
)  # fmt: skip
def by_differences(fn, x):
    x, h = x.detach(), 1e-4
    grads = []
    for i in range(len(x)):
        step = torch.zeros_like(x)
        step[i] = h
        grads.append((fn(x + step) - fn(x)) / h)
    return torch.stack(grads)


@mistake(
    "grad_of", kind="return",
    en="torch.autograd.grad returns a tuple with one gradient for each input; you return the tuple.",
    vi="torch.autograd.grad trả về tuple gồm một gradient cho mỗi đầu vào; bạn trả về cả tuple.",
    hint_en="(grad,) = torch.autograd.grad(…)",
    hint_vi="(grad,) = torch.autograd.grad(…)",
)  # fmt: skip
def the_whole_tuple(fn, x):
    leaf = x.detach().requires_grad_(True)
    return torch.autograd.grad(fn(leaf), leaf)


@mistake(
    "grad_of", kind="inplace",
    en="You worked on x itself and switched its requires_grad off at the end; x may have required grad before.",
    vi="Bạn làm việc trên chính x rồi tắt requires_grad của nó lúc cuối; trước đó x có thể đã requires_grad.",
    hint_en="x.detach() is a tensor with a flag of its own.",
    hint_vi="x.detach() là một tensor có cờ riêng.",
)  # fmt: skip
def flag_switched_off_at_the_end(fn, x):
    leaf = x if x.is_leaf else x.detach()
    leaf.requires_grad_(True)
    (grad,) = torch.autograd.grad(fn(leaf), leaf)
    leaf.requires_grad_(False)
    return grad


@mistake(
    "grad_of", kind="graph",
    en="The gradient carries a graph (create_graph); nobody asked for one, and it keeps memory.",
    vi="Gradient mang theo đồ thị (create_graph); đề không cần, và nó giữ bộ nhớ.",
)  # fmt: skip
def with_a_graph_behind(fn, x):
    leaf = x.detach().requires_grad_(True)
    return torch.autograd.grad(fn(leaf), leaf, create_graph=True)[0]


@alternative("grad_of")
def by_torch_func(fn, x):
    return torch.func.grad(fn)(x.detach())


@alternative("grad_of")
def by_backward_on_a_copy(fn, x):
    leaf = torch.tensor(x.tolist(), dtype=x.dtype, requires_grad=True)
    fn(leaf).backward()
    return leaf.grad


# jacobian


@mistake(
    "jacobian", kind="graph",
    en="The first backward frees the graph, and the second finds it gone.",
    vi="Lượt backward đầu tiên giải phóng đồ thị, nên lượt thứ hai không còn đồ thị để dùng.",
    hint_en="retain_graph=True keeps it.",
    hint_vi="retain_graph=True giữ đồ thị lại.",
)  # fmt: skip
def graph_freed(fn, x):
    leaf = x.detach().requires_grad_(True)
    return torch.stack([torch.autograd.grad(y, leaf)[0] for y in fn(leaf)])


@mistake(
    "jacobian", kind="shape",
    en="Yours is transposed: a row belongs to an output, a column to an input.",
    vi="Ma trận của bạn bị chuyển vị: mỗi hàng ứng với một đầu ra, mỗi cột với một đầu vào.",
    hint_en="torch.stack(rows) puts them below each other.",
    hint_vi="torch.stack(rows) xếp các hàng chồng lên nhau.",
)  # fmt: skip
def stacked_as_columns(fn, x):
    leaf = x.detach().requires_grad_(True)
    rows = [torch.autograd.grad(y, leaf, retain_graph=True)[0] for y in fn(leaf)]
    return torch.stack(rows, dim=1)


@mistake(
    "jacobian", kind="state",
    en="The rows add up: backward adds to leaf.grad, which was not zeroed between the outputs.",
    vi="Các hàng bị cộng dồn: backward cộng vào leaf.grad mà bạn chưa xóa giữa các đầu ra.",
    hint_en="torch.autograd.grad returns the gradient and adds nothing up.",
    hint_vi="torch.autograd.grad trả về gradient và không cộng dồn gì cả.",
)  # fmt: skip
def rows_add_up(fn, x):
    leaf = x.detach().clone().requires_grad_(True)
    rows = []
    for y in fn(leaf):
        y.backward(retain_graph=True)
        rows.append(leaf.grad.clone())
    return torch.stack(rows)


@mistake(
    "jacobian", kind="view_copy",
    en="All rows are one and the same tensor: leaf.grad was put into the list without a copy.",
    vi="Mọi hàng đều là cùng một tensor: leaf.grad được đưa vào danh sách mà không sao chép.",
    hint_en="leaf.grad.clone(), or torch.autograd.grad.",
    hint_vi="leaf.grad.clone(), hoặc torch.autograd.grad.",
)  # fmt: skip
def one_row_m_times(fn, x):
    leaf = x.detach().clone().requires_grad_(True)
    rows = []
    for y in fn(leaf):
        if leaf.grad is not None:
            leaf.grad.zero_()
        y.backward(retain_graph=True)
        rows.append(leaf.grad)
    return torch.stack(rows)


@mistake(
    "jacobian", kind="reduction",
    en="You summed the outputs first: that gives one gradient, the sum of all rows.",
    vi="Bạn cộng các đầu ra trước: như vậy chỉ được một gradient, là tổng của mọi hàng.",
    hint_en="One backward for each output.",
    hint_vi="Mỗi đầu ra cần một lượt backward.",
)  # fmt: skip
def outputs_summed(fn, x):
    leaf = x.detach().requires_grad_(True)
    return torch.autograd.grad(fn(leaf).sum(), leaf)[0][None]


@mistake(
    "jacobian", kind="state",
    en="You worked on x itself: its flag or its .grad is another one afterwards.",
    vi="Bạn làm việc trên chính x: sau đó cờ requires_grad hoặc .grad của nó bị thay đổi.",
    hint_en="x.detach().requires_grad_(True) is a leaf of your own.",
    hint_vi="x.detach().requires_grad_(True) là một leaf của riêng bạn.",
)  # fmt: skip
def jacobian_through_x_grad(fn, x):
    x.requires_grad_(True)
    rows = []
    for y in fn(x):
        x.grad = None
        y.backward(retain_graph=True)
        rows.append(x.grad)
    return torch.stack(rows)


@mistake(
    "jacobian", kind="formula",
    en="Differences give a Jacobian with few right digits; autograd gives all of them.",
    vi="Sai phân chỉ cho ma trận Jacobi đúng vài chữ số; autograd cho đúng mọi chữ số.",
)  # fmt: skip
def jacobian_by_differences(fn, x):
    x, h = x.detach(), 1e-4
    steps = h * torch.eye(len(x), dtype=x.dtype)
    return torch.stack([(fn(x + step) - fn(x)) / h for step in steps], dim=1)


@alternative("jacobian")
def by_jacrev(fn, x):
    return torch.func.jacrev(fn)(x.detach())


@alternative("jacobian")
def by_jacfwd(fn, x):
    return torch.func.jacfwd(fn)(x.detach())


@alternative("jacobian")
def by_the_functional(fn, x):
    return torch.autograd.functional.jacobian(fn, x.detach())


@alternative("jacobian")
def by_one_hot_upstreams(fn, x):
    leaf = x.detach().clone().requires_grad_(True)
    y = fn(leaf)
    result = torch.zeros(len(y), len(x), dtype=x.dtype)
    for i in range(len(y)):
        leaf.grad = None
        upstream = torch.zeros_like(y)
        upstream[i] = 1
        y.backward(upstream, retain_graph=True)
        result[i] = leaf.grad
    return result


# second_derivative


@mistake(
    "second_derivative", kind="graph",
    en="The first gradient has no graph, so it cannot be differentiated again.",
    vi="Gradient lần thứ nhất không có đồ thị, nên không thể lấy đạo hàm tiếp.",
    hint_en="create_graph=True in the first torch.autograd.grad.",
    hint_vi="Thêm create_graph=True vào torch.autograd.grad lần thứ nhất.",
)  # fmt: skip
def without_create_graph(fn, x):
    leaf = x.detach().requires_grad_(True)
    (slope,) = torch.autograd.grad(fn(leaf), leaf)
    return torch.autograd.grad(slope, leaf)[0]


@mistake(
    "second_derivative", kind="graph",
    en="retain_graph keeps the graph of fn, but makes none of the gradient: create_graph does.",
    vi="retain_graph giữ đồ thị của fn nhưng không tạo đồ thị cho gradient; create_graph mới làm điều đó.",
)  # fmt: skip
def retain_instead_of_create(fn, x):
    leaf = x.detach().requires_grad_(True)
    (slope,) = torch.autograd.grad(fn(leaf), leaf, retain_graph=True)
    slope.requires_grad_(True)
    return torch.autograd.grad(slope, leaf, allow_unused=True)[0]


@mistake(
    "second_derivative", kind="formula",
    en="You returned the first derivative.",
    vi="Bạn trả về đạo hàm bậc nhất.",
)  # fmt: skip
def only_the_first(fn, x):
    leaf = x.detach().requires_grad_(True)
    return torch.autograd.grad(fn(leaf), leaf)[0]


@mistake(
    "second_derivative", kind="formula",
    en="You squared the first derivative; the second derivative is the derivative of the first.",
    vi="Bạn bình phương đạo hàm bậc nhất; đạo hàm bậc hai là đạo hàm của đạo hàm bậc nhất.",
)  # fmt: skip
def first_squared(fn, x):
    leaf = x.detach().requires_grad_(True)
    return torch.autograd.grad(fn(leaf), leaf)[0] ** 2


@mistake(
    "second_derivative", kind="state",
    en="Your result is first plus second derivative: .grad still held the first one when backward added the second.",
    vi="Kết quả của bạn là đạo hàm bậc nhất cộng bậc hai: backward cộng vào .grad vẫn đang giữ giá trị thứ nhất.",
    hint_en="Take the slope out and set leaf.grad = None before the second backward.",
    hint_vi="Lấy slope ra rồi đặt leaf.grad = None trước lần backward thứ hai.",
)  # fmt: skip
def first_and_second_added(fn, x):
    leaf = x.detach().clone().requires_grad_(True)
    (slope,) = torch.autograd.grad(fn(leaf), leaf, create_graph=True)
    leaf.grad = slope.detach().clone()
    slope.backward()
    return leaf.grad


@mistake(
    "second_derivative", kind="state",
    en="You worked on x itself: its flag or its .grad is another one afterwards.",
    vi="Bạn làm việc trên chính x: sau đó cờ requires_grad hoặc .grad của nó bị thay đổi.",
)  # fmt: skip
def curvature_through_x_grad(fn, x):
    x.requires_grad_(True)
    (slope,) = torch.autograd.grad(fn(x), x, create_graph=True)
    x.grad = None
    slope.backward()
    return x.grad


@mistake(
    "second_derivative", kind="graph",
    en="The result carries a graph: the second gradient needs no create_graph.",
    vi="Kết quả mang theo đồ thị: gradient lần thứ hai không cần create_graph.",
)  # fmt: skip
def graph_of_the_second(fn, x):
    leaf = x.detach().requires_grad_(True)
    (slope,) = torch.autograd.grad(fn(leaf), leaf, create_graph=True)
    return torch.autograd.grad(slope, leaf, create_graph=True)[0]


@mistake(
    "second_derivative", kind="formula",
    en="A difference of values gives a second derivative with few right digits; autograd gives all of them.",
    vi="Sai phân chỉ cho đạo hàm bậc hai đúng vài chữ số; autograd cho đúng mọi chữ số.",
)  # fmt: skip
def curvature_by_differences(fn, x):
    x, h = x.detach(), 1e-3
    return (fn(x + h) - 2 * fn(x) + fn(x - h)) / h**2


@alternative("second_derivative")
def grad_of_grad(fn, x):
    return torch.func.grad(torch.func.grad(fn))(x.detach())


@alternative("second_derivative")
def by_backward(fn, x):
    leaf = x.detach().clone().requires_grad_(True)
    (slope,) = torch.autograd.grad(fn(leaf), leaf, create_graph=True)
    slope.backward()
    return leaf.grad.detach()


@alternative("second_derivative")
def by_the_hessian(fn, x):
    return torch.autograd.functional.hessian(fn, x.detach())


# reuse_graph


@mistake(
    "reuse_graph", kind="graph",
    en="The first gradient frees the graph of shared, and the second finds it gone.",
    vi="Gradient đầu tiên giải phóng đồ thị của shared, nên lần thứ hai không còn đồ thị để dùng.",
    hint_en="retain_graph=True keeps it.",
    hint_vi="retain_graph=True giữ đồ thị lại.",
)  # fmt: skip
def shared_graph_freed(x, shared, heads):
    leaf = x.detach().requires_grad_(True)
    h = shared(leaf)
    return [torch.autograd.grad(head(h), leaf)[0] for head in heads]


@mistake(
    "reuse_graph", kind="graph",
    en="shared runs again for each head; the item asks for one call.",
    vi="shared chạy lại cho từng đầu; đề yêu cầu chỉ gọi một lần.",
    hint_en="Compute h in front of the loop, and keep its graph with retain_graph=True.",
    hint_vi="Tính h trước vòng lặp và giữ đồ thị của nó bằng retain_graph=True.",
)  # fmt: skip
def shared_once_per_head(x, shared, heads):
    leaf = x.detach().requires_grad_(True)
    return [torch.autograd.grad(head(shared(leaf)), leaf)[0] for head in heads]


@mistake(
    "reuse_graph", kind="state",
    en="The gradients add up from head to head: .grad was not zeroed in between.",
    vi="Gradient cộng dồn từ đầu này sang đầu kia: .grad chưa được xóa ở giữa.",
    hint_en="torch.autograd.grad returns the gradient and adds nothing up.",
    hint_vi="torch.autograd.grad trả về gradient và không cộng dồn gì cả.",
)  # fmt: skip
def gradients_add_up(x, shared, heads):
    leaf = x.detach().clone().requires_grad_(True)
    h = shared(leaf)
    grads = []
    for head in heads:
        head(h).backward(retain_graph=True)
        grads.append(leaf.grad.clone())
    return grads


@mistake(
    "reuse_graph", kind="view_copy",
    en="The list holds one tensor several times: leaf.grad was not copied before it was zeroed and filled again.",
    vi="Danh sách chứa cùng một tensor nhiều lần: leaf.grad không được sao chép trước khi bị xóa và ghi lại.",
)  # fmt: skip
def one_tensor_for_all(x, shared, heads):
    leaf = x.detach().clone().requires_grad_(True)
    h = shared(leaf)
    grads = []
    for head in heads:
        if leaf.grad is not None:
            leaf.grad.zero_()
        head(h).backward(retain_graph=True)
        grads.append(leaf.grad)
    return grads


@mistake(
    "reuse_graph", kind="gradient",
    en="These are gradients with respect to h; the item asks for those with respect to x.",
    vi="Đây là gradient theo h; đề yêu cầu gradient theo x.",
    hint_en="The second argument of torch.autograd.grad says with respect to what.",
    hint_vi="Đối số thứ hai của torch.autograd.grad cho biết gradient theo biến nào.",
)  # fmt: skip
def with_respect_to_h(x, shared, heads):
    h = shared(x.detach().requires_grad_(True))
    return [torch.autograd.grad(head(h), h)[0] for head in heads]


@mistake(
    "reuse_graph", kind="reduction",
    en="You added the heads and took one gradient; the item asks for one for each head.",
    vi="Bạn cộng các đầu rồi lấy một gradient; đề yêu cầu mỗi đầu một gradient.",
)  # fmt: skip
def heads_summed(x, shared, heads):
    leaf = x.detach().requires_grad_(True)
    h = shared(leaf)
    if not heads:
        return []
    return list(torch.autograd.grad(sum(head(h) for head in heads), leaf))


@mistake(
    "reuse_graph", kind="state",
    en="You worked on x itself: its flag or its .grad is another one afterwards.",
    vi="Bạn làm việc trên chính x: sau đó cờ requires_grad hoặc .grad của nó bị thay đổi.",
)  # fmt: skip
def heads_through_x_grad(x, shared, heads):
    x.requires_grad_(True)
    h = shared(x)
    grads = []
    for head in heads:
        x.grad = None
        head(h).backward(retain_graph=True)
        grads.append(x.grad)
    return grads


@alternative("reuse_graph")
def by_vjp(x, shared, heads):
    h, back = torch.func.vjp(shared, x.detach())
    return [back(torch.func.grad(head)(h))[0] for head in heads]


@alternative("reuse_graph")
def by_two_backwards(x, shared, heads):
    leaf = x.detach().clone().requires_grad_(True)
    h = shared(leaf)
    grads = []
    for head in heads:
        top = h.detach().requires_grad_(True)
        head(top).backward()
        leaf.grad = None
        h.backward(top.grad, retain_graph=True)
        grads.append(leaf.grad)
    return grads


@alternative("reuse_graph")
def freed_by_the_last_head(x, shared, heads):
    leaf = x.detach().clone().requires_grad_(True)
    h = shared(leaf)
    losses = [head(h) for head in heads]
    return [torch.autograd.grad(loss, [leaf], retain_graph=loss is not losses[-1])[0] for loss in losses]


# stop_tracking


@mistake(
    "stop_tracking", kind="inplace",
    en="requires_grad_(False) was called on x itself: x is no longer tracked.",
    vi="requires_grad_(False) được gọi trên chính x: x không còn được theo dõi nữa.",
    hint_en="Make the clone first, then switch the clone's flag.",
    hint_vi="Hãy tạo bản sao trước, rồi mới đổi cờ của bản sao.",
)  # fmt: skip
def x_switched_off(x):
    with torch.no_grad():
        doubled = x * 2
    first = x.detach()
    x = x if x.is_leaf else x.detach_()
    return first, doubled, x.requires_grad_(False).clone()


@mistake(
    "stop_tracking", kind="graph",
    en="x.clone() is in the graph of x, and requires_grad_(False) cannot take it out: it works on leaves only.",
    vi="x.clone() nằm trong đồ thị của x, và requires_grad_(False) không đưa nó ra được: lệnh này chỉ dùng cho leaf.",
    hint_en="Clone what detach gives you, or clone under no_grad.",
    hint_vi="Hãy clone kết quả của detach, hoặc clone bên trong no_grad.",
)  # fmt: skip
def clone_in_the_graph(x):
    with torch.no_grad():
        doubled = x * 2
    return x.detach(), doubled, x.clone().requires_grad_(False)


@mistake(
    "stop_tracking", kind="graph",
    en="The clone is still tracked.",
    vi="Bản sao vẫn còn được theo dõi.",
)  # fmt: skip
def clone_still_tracked(x):
    with torch.no_grad():
        doubled = x * 2
    return x.detach(), doubled, x.clone()


@mistake(
    "stop_tracking", kind="graph",
    en="x * 2 was computed outside of torch.no_grad(): it has a history.",
    vi="x * 2 được tính bên ngoài torch.no_grad(): nó vẫn có lịch sử.",
)  # fmt: skip
def doubled_in_the_graph(x):
    return x.detach(), x * 2, x.detach().clone()


@mistake(
    "stop_tracking", kind="view_copy",
    en="The first result is a copy; detach alone shares x's memory.",
    vi="Kết quả thứ nhất là bản sao; chỉ detach thì dùng chung bộ nhớ với x.",
)  # fmt: skip
def first_is_a_copy(x):
    with torch.no_grad():
        return x.detach().clone(), x * 2, x.clone()


@mistake(
    "stop_tracking", kind="view_copy",
    en="The third result uses x's memory; a clone is wanted.",
    vi="Kết quả thứ ba dùng chung bộ nhớ với x; đề yêu cầu một bản clone.",
)  # fmt: skip
def third_is_a_view(x):
    with torch.no_grad():
        doubled = x * 2
    return x.detach(), doubled, x.detach().requires_grad_(False)


@mistake(
    "stop_tracking", kind="inplace",
    en="The doubling was done in place, on x's own memory.",
    vi="Phép nhân đôi được làm tại chỗ, ngay trên bộ nhớ của x.",
    hint_en="x * 2 makes a new tensor, mul_ and *= do not.",
    hint_vi="x * 2 tạo tensor mới, còn mul_ và *= thì không.",
)  # fmt: skip
def doubled_in_place(x):
    return x.detach(), x.detach().mul_(2), x.detach().clone()


@mistake(
    "stop_tracking", kind="state",
    en="Tracking was switched off and not on again: nothing that is computed afterwards has a gradient.",
    vi="Bạn tắt theo dõi mà không bật lại: mọi thứ được tính sau đó đều không có gradient.",
    hint_en="`with torch.no_grad():` ends by itself.",
    hint_vi="`with torch.no_grad():` tự kết thúc.",
)  # fmt: skip
def switched_off_for_good(x):
    torch.set_grad_enabled(False)
    return x.detach(), x * 2, x.clone()


@alternative("stop_tracking")
def all_under_no_grad(x):
    with torch.no_grad():
        return x.detach(), 2 * x, x.clone()


@alternative("stop_tracking")
def by_data_and_a_decorator(x):
    @torch.no_grad()
    def doubled():
        return x + x

    copy = torch.empty_like(x, requires_grad=False)
    copy.copy_(x.detach())
    return x.data, doubled(), copy


@alternative("stop_tracking")
def by_a_view_under_no_grad(x):
    with torch.set_grad_enabled(False):
        doubled = torch.mul(x, 2)
    return x.detach(), doubled, torch.tensor(x.tolist(), dtype=x.dtype).requires_grad_(False)


# clamp_fn


@mistake(
    "clamp_fn", kind="gradient",
    en="The bounds count as inside: at x == lo and x == hi the gradient passes.",
    vi="Hai biên được tính là bên trong: tại x == lo và x == hi gradient vẫn đi qua.",
    hint_en=">= and <= in the mask.",
    hint_vi="Dùng >= và <= trong mask.",
)  # fmt: skip
class StrictBounds(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, lo, hi):
        ctx.save_for_backward((x > lo) & (x < hi))
        return x.clamp(lo, hi)

    @staticmethod
    def backward(ctx, dout):
        (inside,) = ctx.saved_tensors
        return dout * inside, None, None


@mistake(
    "clamp_fn", kind="gradient",
    en="The gradient passes everywhere; where x was cut it must be 0.",
    vi="Gradient đi qua mọi nơi; ở những chỗ x bị cắt, nó phải bằng 0.",
    hint_en="Multiply dout by the mask of lo <= x <= hi. A mask made of the clamped result is True everywhere.",
    hint_vi="Nhân dout với mask lo <= x <= hi. Mask tạo từ kết quả đã clamp thì chỗ nào cũng là True.",
)  # fmt: skip
class StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, lo, hi):
        return x.clamp(lo, hi)

    @staticmethod
    def backward(ctx, dout):
        return dout, None, None


@mistake(
    "clamp_fn", kind="gradient",
    en="dout is forgotten: backward returns the mask instead of dout times the mask.",
    vi="Bạn quên dout: backward trả về mask thay vì dout nhân với mask.",
    hint_en="The chain rule: what comes back from behind, times your own slope.",
    hint_vi="Quy tắc chuỗi: gradient truyền về từ phía sau nhân với độ dốc của chính phép toán.",
)  # fmt: skip
class UpstreamForgotten(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, lo, hi):
        ctx.save_for_backward((x >= lo) & (x <= hi))
        return x.clamp(lo, hi)

    @staticmethod
    def backward(ctx, dout):
        (inside,) = ctx.saved_tensors
        return inside.to(dout.dtype), None, None


@mistake(
    "clamp_fn", kind="return",
    en="backward returns one gradient; forward takes three arguments behind ctx, so three are wanted: None for lo, hi.",
    vi="backward chỉ trả về một gradient; forward nhận ba đối số sau ctx nên cần ba giá trị (None cho lo và hi).",
)  # fmt: skip
class OneGradientOnly(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, lo, hi):
        ctx.save_for_backward((x >= lo) & (x <= hi))
        return x.clamp(lo, hi)

    @staticmethod
    def backward(ctx, dout):
        (inside,) = ctx.saved_tensors
        return dout * inside


@mistake(
    "clamp_fn", kind="inplace",
    en="clamp_ changes the caller's x.",
    vi="clamp_ làm thay đổi x của người gọi.",
    hint_en="clamp without the underscore makes a new tensor.",
    hint_vi="clamp không có dấu gạch dưới sẽ tạo tensor mới.",
)  # fmt: skip
class ClampedInPlace(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, lo, hi):
        ctx.save_for_backward((x >= lo) & (x <= hi))
        return x.clamp_(lo, hi).clone()

    @staticmethod
    def backward(ctx, dout):
        (inside,) = ctx.saved_tensors
        return dout * inside, None, None


@mistake(
    "clamp_fn", kind="state",
    en="The mask is stored on the class: a second call overwrites it before the first one's backward. Store it in ctx.",
    vi="Mask được lưu trên class: lời gọi thứ hai ghi đè trước khi backward của lời gọi đầu chạy. Hãy lưu vào ctx.",
    hint_en="Each call of apply has a ctx of its own.",
    hint_vi="Mỗi lời gọi apply có một ctx riêng.",
)  # fmt: skip
class MaskOnTheClass(torch.autograd.Function):
    mask = None

    @staticmethod
    def forward(ctx, x, lo, hi):
        MaskOnTheClass.mask = (x >= lo) & (x <= hi)
        return x.clamp(lo, hi)

    @staticmethod
    def backward(ctx, dout):
        return dout * MaskOnTheClass.mask, None, None


@mistake(
    "clamp_fn", kind="gradient",
    en="The mask looks at one bound only: above hi the gradient still passes.",
    vi="Mask chỉ xét một biên: phía trên hi gradient vẫn đi qua.",
)  # fmt: skip
class LowerBoundOnly(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, lo, hi):
        ctx.save_for_backward(x >= lo)
        return x.clamp(lo, hi)

    @staticmethod
    def backward(ctx, dout):
        (inside,) = ctx.saved_tensors
        return dout * inside, None, None


@alternative("clamp_fn")
class KeepsXAndTheBounds(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, lo, hi):
        ctx.save_for_backward(x)
        ctx.lo, ctx.hi = lo, hi
        return torch.where(x < lo, lo, torch.where(x > hi, hi, x))

    @staticmethod
    def backward(ctx, dout):
        (x,) = ctx.saved_tensors
        dx = dout.clone()
        dx[x < ctx.lo] = 0
        dx[x > ctx.hi] = 0
        return dx, None, None


@alternative("clamp_fn")
class WithSetupContext(torch.autograd.Function):
    @staticmethod
    def forward(x, lo, hi):
        return torch.clamp(x, min=lo, max=hi)

    @staticmethod
    def setup_context(ctx, inputs, output):
        x, _, _ = inputs
        ctx.save_for_backward(x == output)

    @staticmethod
    def backward(ctx, dout):
        (kept,) = ctx.saved_tensors
        return torch.where(kept, dout, torch.zeros_like(dout)), None, None


@alternative("clamp_fn")
class MaskAsAnAttribute(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, lo, hi):
        ctx.outside = (x < lo) | (x > hi)
        return x.maximum(x.new_tensor(lo)).minimum(x.new_tensor(hi))

    @staticmethod
    def backward(ctx, dout):
        return dout.masked_fill(ctx.outside, 0.0), None, None


# advantage_loss


@mistake(
    "advantage_loss", kind="graph",
    en="A gradient reaches value: the difference is a weight, so cut it off.",
    vi="Gradient đi đến value: hiệu này chỉ là trọng số, hãy cắt nó khỏi đồ thị.",
    hint_en="value.detach()",
    hint_vi="value.detach()",
)  # fmt: skip
def value_is_not_cut_off(logp, value, reward):
    return -(logp * (reward - value)).mean()


@mistake(
    "advantage_loss", kind="sign",
    en="The minus is missing: gradient descent would make good actions less likely.",
    vi="Thiếu dấu trừ: gradient descent sẽ làm các hành động tốt kém khả năng hơn.",
)  # fmt: skip
def without_the_minus(logp, value, reward):
    return (logp * (reward - value.detach())).mean()


@mistake(
    "advantage_loss", kind="reduction",
    en="You took the sum; the item asks for the mean.",
    vi="Bạn lấy tổng; đề yêu cầu trung bình.",
)  # fmt: skip
def summed(logp, value, reward):
    return -(logp * (reward - value.detach())).sum()


@mistake(
    "advantage_loss", kind="graph",
    en="logp was cut off too: the loss has no gradient at all.",
    vi="logp cũng bị cắt khỏi đồ thị: loss không có gradient nào cả.",
    hint_en="Only the difference is detached, or computed under no_grad; not the product.",
    hint_vi="Chỉ detach (hoặc tính trong no_grad) phần hiệu, đừng làm vậy với cả tích.",
)  # fmt: skip
def all_of_it_cut_off(logp, value, reward):
    return -(logp * (reward - value)).detach().mean()


@mistake(
    "advantage_loss", kind="formula",
    en="You multiplied the mean of logp by the mean advantage; each action has an advantage of its own.",
    vi="Bạn nhân trung bình của logp với trung bình của advantage; mỗi hành động có advantage riêng.",
    hint_en="Multiply first, entry by entry, and take the mean of the products.",
    hint_vi="Nhân từng phần tử trước, rồi mới lấy trung bình các tích.",
)  # fmt: skip
def means_multiplied(logp, value, reward):
    return -logp.mean() * (reward - value.detach()).mean()


@mistake(
    "advantage_loss", kind="statistics",
    en="The advantage was standardised; the item asks for the plain difference reward − value.",
    vi="advantage đã bị chuẩn hóa; đề yêu cầu đúng hiệu reward − value.",
)  # fmt: skip
def standardised(logp, value, reward):
    advantage = (reward - value).detach()
    advantage = (advantage - advantage.mean()) / (advantage.std(correction=0) + 1e-8)
    return -(logp * advantage).mean()


@mistake(
    "advantage_loss", kind="graph",
    en="value is kept and logp is cut off: the gradient goes to the wrong one of the two.",
    vi="value được giữ lại còn logp bị cắt: gradient đi nhầm chỗ.",
)  # fmt: skip
def the_wrong_one_cut_off(logp, value, reward):
    return -(logp.detach() * (reward - value)).mean()


@alternative("advantage_loss")
def difference_under_no_grad(logp, value, reward):
    with torch.no_grad():
        advantage = reward - value
    return torch.mean(advantage * -logp)


@alternative("advantage_loss")
def as_a_dot_product(logp, value, reward):
    return logp.dot(value.detach() - reward) / logp.numel()


@alternative("advantage_loss")
def in_two_sums(logp, value, reward):
    value = value.detach()
    return (logp * value).mean() - (logp * reward).mean()


# gd_loop


@mistake(
    "gd_loop", kind="state",
    en="The gradients add up from step to step: zero them after each update.",
    vi="Gradient cộng dồn qua các bước: hãy xóa sau mỗi lần cập nhật.",
    hint_en="w.grad = None at the end of each step, or torch.autograd.grad.",
    hint_vi="Đặt w.grad = None ở cuối mỗi bước, hoặc dùng torch.autograd.grad.",
)  # fmt: skip
def gradients_not_zeroed(fn, w, lr, n):
    w = w.detach().clone().requires_grad_(True)
    for _ in range(n):
        fn(w).backward()
        with torch.no_grad():
            w -= lr * w.grad
    return w.detach()


@mistake(
    "gd_loop", kind="inplace",
    en="The caller's w is updated in place.",
    vi="w của người gọi bị cập nhật tại chỗ.",
    hint_en="detach shares the memory: clone, or write w = w - lr * grad.",
    hint_vi="detach dùng chung bộ nhớ: hãy clone, hoặc viết w = w - lr * grad.",
)  # fmt: skip
def in_the_caller_s_memory(fn, w, lr, n):
    w = w.detach().requires_grad_(True)
    for _ in range(n):
        (grad,) = torch.autograd.grad(fn(w), w)
        with torch.no_grad():
            w -= lr * grad
    return w.detach()


@mistake(
    "gd_loop", kind="sign",
    en="You go uphill: the step is w minus lr times the gradient.",
    vi="Bạn đang đi lên dốc: mỗi bước là w trừ lr nhân gradient.",
)  # fmt: skip
def uphill(fn, w, lr, n):
    w = w.detach()
    for _ in range(n):
        leaf = w.requires_grad_(True)
        w = leaf.detach() + lr * torch.autograd.grad(fn(leaf), leaf)[0]
    return w


@mistake(
    "gd_loop", kind="order",
    en="The gradient is computed once, at the start, and used for all steps.",
    vi="Gradient chỉ được tính một lần lúc đầu rồi dùng cho mọi bước.",
    hint_en="Call fn again in each step.",
    hint_vi="Gọi lại fn ở mỗi bước.",
)  # fmt: skip
def one_gradient_for_all_steps(fn, w, lr, n):
    leaf = w.detach().clone().requires_grad_(True)
    (grad,) = torch.autograd.grad(fn(leaf), leaf)
    return leaf.detach() - n * lr * grad


@mistake(
    "gd_loop", kind="order",
    en="One step too few: range(1, n) has n − 1 numbers.",
    vi="Thiếu một bước: range(1, n) chỉ có n − 1 số.",
)  # fmt: skip
def one_step_too_few(fn, w, lr, n):
    w = w.detach()
    for _ in range(1, n):
        leaf = w.requires_grad_(True)
        w = leaf.detach() - lr * torch.autograd.grad(fn(leaf), leaf)[0]
    return w.detach()


@mistake(
    "gd_loop", kind="scale",
    en="The learning rate is forgotten: the whole gradient was subtracted.",
    vi="Bạn quên learning rate: đã trừ nguyên cả gradient.",
)  # fmt: skip
def without_the_rate(fn, w, lr, n):
    w = w.detach()
    for _ in range(n):
        leaf = w.requires_grad_(True)
        w = leaf.detach() - torch.autograd.grad(fn(leaf), leaf)[0]
    return w.detach()


@mistake(
    "gd_loop", kind="state",
    en="You worked on the caller's w: its .grad or its flag is another one afterwards.",
    vi="Bạn làm việc trên w của người gọi: sau đó .grad hoặc cờ của nó bị thay đổi.",
    hint_en="Begin with a leaf of your own.",
    hint_vi="Hãy bắt đầu với một leaf của riêng bạn.",
)  # fmt: skip
def first_step_on_the_caller_s_w(fn, w, lr, n):
    for _ in range(n):
        w.requires_grad_(True)
        w.grad = None
        fn(w).backward()
        w = (w - lr * w.grad).detach()
    return w.detach()


@mistake(
    "gd_loop", kind="graph",
    en="The steps are part of the graph: the result drags all of them along. Update under no_grad, or detach.",
    vi="Các bước nằm trong đồ thị: kết quả kéo theo tất cả. Hãy cập nhật trong no_grad hoặc dùng detach.",
)  # fmt: skip
def one_long_graph(fn, w, lr, n):
    w = w.detach().requires_grad_(True)
    for _ in range(n):
        w = w - lr * torch.autograd.grad(fn(w), w, retain_graph=True)[0]
    return w


@alternative("gd_loop")
def by_sgd(fn, w, lr, n):
    w = nn.Parameter(w.detach().clone())
    optimizer = torch.optim.SGD([w], lr=lr)
    for _ in range(n):
        optimizer.zero_grad()
        fn(w).backward()
        optimizer.step()
    return w.detach()


@alternative("gd_loop")
def under_no_grad(fn, w, lr, n):
    w = w.detach().clone().requires_grad_(True)
    while n > 0:
        fn(w).backward()
        with torch.no_grad():
            w.sub_(w.grad, alpha=lr)
            w.grad.zero_()
        n -= 1
    return w


@alternative("gd_loop")
def by_torch_func_grad(fn, w, lr, n):
    slope = torch.func.grad(fn)
    w = w.detach()
    for _ in range(n):
        w = w - slope(w) * lr
    return w


# repair_graph


@mistake(
    "repair_graph", kind="graph",
    en="The given code still stands there: x.numpy() refuses a tensor that requires grad, and cuts the graph.",
    vi="Mã cho sẵn vẫn còn nguyên: x.numpy() từ chối tensor có requires_grad, và cắt đứt đồ thị.",
    hint_en="Write the same formula with operations of torch.",
    hint_vi="Hãy viết lại đúng công thức đó bằng các phép toán của torch.",
)  # fmt: skip
def as_it_was_given(x, scale):
    squares = x.numpy() ** 2
    return torch.tensor(squares.sum() * scale.item(), dtype=x.dtype)


@mistake(
    "repair_graph", kind="graph",
    en="detach() silences the error and cuts the graph: no gradient reaches x or scale.",
    vi="detach() làm hết lỗi nhưng cắt đồ thị: không có gradient nào về x hay scale.",
    hint_en="Do without NumPy.",
    hint_vi="Hãy làm mà không cần NumPy.",
)  # fmt: skip
def detached_before_numpy(x, scale):
    squares = x.detach().numpy() ** 2
    return torch.tensor(squares.sum() * scale.item(), dtype=x.dtype)


@mistake(
    "repair_graph", kind="graph",
    en="requires_grad=True makes the result a leaf of its own: backward ends there, and x and scale get nothing.",
    vi="requires_grad=True biến kết quả thành một leaf riêng: backward dừng ở đó, x và scale không nhận được gì.",
)  # fmt: skip
def result_made_a_leaf(x, scale):
    squares = x.detach().numpy() ** 2
    return torch.tensor(float(squares.sum() * scale.item()), dtype=x.dtype, requires_grad=True)


@mistake(
    "repair_graph", kind="graph",
    en="scale.item() is a Python number: x has its gradient now, scale has none.",
    vi="scale.item() là một số Python: x đã có gradient, nhưng scale thì không.",
)  # fmt: skip
def scale_as_a_number(x, scale):
    return (x**2).sum() * scale.item()


@mistake(
    "repair_graph", kind="graph",
    en="The squares still leave the graph: scale has its gradient now, x has none.",
    vi="Các bình phương vẫn rời khỏi đồ thị: scale đã có gradient, nhưng x thì không.",
)  # fmt: skip
def squares_as_new_tensors(x, scale):
    return torch.tensor(x.tolist(), dtype=x.dtype).square().sum() * scale


@mistake(
    "repair_graph", kind="formula",
    en="scale was squared too; only the entries of x are.",
    vi="scale cũng bị bình phương; chỉ các phần tử của x mới được bình phương.",
)  # fmt: skip
def scale_squared_too(x, scale):
    return ((x * scale) ** 2).sum()


@mistake(
    "repair_graph", kind="formula",
    en="You squared the sum; the given code sums the squares.",
    vi="Bạn bình phương tổng; mã cho sẵn tính tổng các bình phương.",
)  # fmt: skip
def sum_squared(x, scale):
    return x.sum() ** 2 * scale


@mistake(
    "repair_graph", kind="reduction",
    en="You took the mean; the given code takes the sum.",
    vi="Bạn lấy trung bình; mã cho sẵn lấy tổng.",
)  # fmt: skip
def mean_of_the_squares(x, scale):
    return (x**2).mean() * scale


@alternative("repair_graph")
def by_dot(x, scale):
    return scale * torch.dot(x, x)


@alternative("repair_graph")
def by_a_loop(x, scale):
    total = x.new_zeros(())
    for number in x:
        total = total + scale * number * number
    return total


# fit_wx


@mistake(
    "fit_wx", kind="state",
    en="The gradients add up from epoch to epoch: zero them after each update.",
    vi="Gradient cộng dồn qua các epoch: hãy xóa sau mỗi lần cập nhật.",
    hint_en="w.grad = None at the end of the loop.",
    hint_vi="Đặt w.grad = None ở cuối vòng lặp.",
)  # fmt: skip
def not_zeroed(x, y, w, lr, epochs):
    w = w.detach().clone().requires_grad_(True)
    losses = []
    for _ in range(epochs):
        loss = ((w * x - y) ** 2).mean()
        loss.backward()
        with torch.no_grad():
            w -= lr * w.grad
        losses.append(loss.item())
    return w.detach(), losses


@mistake(
    "fit_wx", kind="order",
    en="Your losses are those after each update; the item asks for the loss before it.",
    vi="Các loss của bạn được tính sau mỗi lần cập nhật; đề yêu cầu loss trước khi cập nhật.",
)  # fmt: skip
def losses_after_the_update(x, y, w, lr, epochs):
    w = w.detach().clone().requires_grad_(True)
    losses = []
    for _ in range(epochs):
        (grad,) = torch.autograd.grad(((w * x - y) ** 2).mean(), w)
        with torch.no_grad():
            w -= lr * grad
            losses.append(((w * x - y) ** 2).mean().item())
    return w.detach(), losses


@mistake(
    "fit_wx", kind="reduction",
    en="You summed the squares; the item asks for their mean.",
    vi="Bạn lấy tổng các bình phương; đề yêu cầu trung bình.",
)  # fmt: skip
def sum_of_squares(x, y, w, lr, epochs):
    w = w.detach().clone().requires_grad_(True)
    losses = []
    for _ in range(epochs):
        loss = ((w * x - y) ** 2).sum()
        (grad,) = torch.autograd.grad(loss, w)
        with torch.no_grad():
            w -= lr * grad
        losses.append(loss.item())
    return w.detach(), losses


@mistake(
    "fit_wx", kind="return",
    en="The losses are tensors that hold their graphs; the item asks for Python floats.",
    vi="Các loss vẫn là tensor giữ cả đồ thị; đề yêu cầu số float của Python.",
    hint_en="loss.item()",
    hint_vi="loss.item()",
)  # fmt: skip
def losses_as_tensors(x, y, w, lr, epochs):
    w = w.detach().clone().requires_grad_(True)
    losses = []
    for _ in range(epochs):
        loss = ((w * x - y) ** 2).mean()
        (grad,) = torch.autograd.grad(loss, w)
        with torch.no_grad():
            w -= lr * grad
        losses.append(loss)
    return w.detach(), losses


@mistake(
    "fit_wx", kind="inplace",
    en="The caller's w is updated in place: detach shares its memory.",
    vi="w của người gọi bị cập nhật tại chỗ: detach dùng chung bộ nhớ.",
    hint_en="clone it first.",
    hint_vi="Hãy clone trước.",
)  # fmt: skip
def fitted_in_the_caller_s_memory(x, y, w, lr, epochs):
    w = w.detach().requires_grad_(True)
    losses = []
    for _ in range(epochs):
        loss = ((w * x - y) ** 2).mean()
        loss.backward()
        with torch.no_grad():
            w -= lr * w.grad
        w.grad = None
        losses.append(loss.item())
    return w.detach(), losses


@mistake(
    "fit_wx", kind="sign",
    en="You go uphill: w minus lr times the gradient makes the loss smaller.",
    vi="Bạn đang đi lên dốc: w trừ lr nhân gradient mới làm loss giảm.",
)  # fmt: skip
def fitted_uphill(x, y, w, lr, epochs):
    w = w.detach().clone()
    losses = []
    for _ in range(epochs):
        leaf = w.requires_grad_(True)
        loss = ((leaf * x - y) ** 2).mean()
        w = leaf.detach() + lr * torch.autograd.grad(loss, leaf)[0]
        losses.append(loss.item())
    return w.detach(), losses


@mistake(
    "fit_wx", kind="order",
    en="w is updated after each example; the item asks for one update an epoch, from the mean over all examples.",
    vi="w được cập nhật sau từng mẫu; đề yêu cầu mỗi epoch một lần cập nhật, từ trung bình trên mọi mẫu.",
)  # fmt: skip
def after_each_example(x, y, w, lr, epochs):
    w = w.detach().clone()
    losses = []
    for _ in range(epochs):
        losses.append(((w * x - y) ** 2).mean().item())
        for x_n, y_n in zip(x, y, strict=True):
            w = w - lr * 2 * x_n * (w * x_n - y_n)
    return w, losses


@mistake(
    "fit_wx", kind="graph",
    en="The update is part of the graph: the returned w drags all epochs along. Update under no_grad.",
    vi="Phép cập nhật nằm trong đồ thị: w trả về kéo theo mọi epoch. Hãy cập nhật trong no_grad.",
)  # fmt: skip
def fitted_in_one_long_graph(x, y, w, lr, epochs):
    w = w.detach().clone().requires_grad_(True)
    losses = []
    for _ in range(epochs):
        loss = ((w * x - y) ** 2).mean()
        w = w - lr * torch.autograd.grad(loss, w, retain_graph=True)[0]
        losses.append(loss.item())
    return w, losses


@alternative("fit_wx")
def fitted_by_sgd(x, y, w, lr, epochs):
    w = nn.Parameter(w.detach().clone())
    optimizer = torch.optim.SGD([w], lr=lr)
    losses = []
    for _ in range(epochs):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(w * x, y)
        loss.backward()
        optimizer.step()
        losses.append(float(loss))
    return w.data, losses


@alternative("fit_wx")
def fitted_without_in_place(x, y, w, lr, epochs):
    w = w.detach()
    losses = []
    for _ in range(epochs):
        leaf = w.clone().requires_grad_()
        loss = torch.mean(torch.square(y - x * leaf))
        losses.append(loss.detach().tolist())
        w = w - torch.autograd.grad(loss, leaf)[0] * lr
    return w, losses


@alternative("fit_wx")
def fitted_with_a_dot_product(x, y, w, lr, epochs):
    w = w.detach().clone().requires_grad_(True)
    losses = []
    for _ in range(epochs):
        rest = y - w * x
        loss = rest.dot(rest) / len(x)
        losses.append(loss.item())
        loss.backward()
        w.data = w.data - lr * w.grad
        w.grad.zero_()
    return w, losses
