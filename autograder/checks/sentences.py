"""Sentences of `check.about` that several suites say, by code: one meaning, one wording."""

from __future__ import annotations

from collections.abc import Mapping

from autograder.models import Text

SENTENCES: Mapping[str, Text] = {
    "digits": Text(
        "The numbers are too large, too small or too close for this way to compute it: digits are lost.",
        "Các số quá lớn, quá nhỏ hoặc quá gần nhau đối với cách tính này: các chữ số bị mất.",
    ),
    "eval_mode": Text(
        "In eval mode it must not act as in training: ask self.training.",
        "Ở chế độ eval, nó không được làm như khi huấn luyện: hãy xem self.training.",
    ),
    "file": Text(
        "The file does not hold what the statement asks for: look at what is given to torch.save.",
        "Tệp không chứa đúng thứ đề bài yêu cầu: hãy xem bạn đưa gì vào torch.save.",
    ),
    "left_alone": Text(
        "Your code leaves the model in another state: training flags, requires_grad or the parameters are not as "
        "before.",
        "Mã của bạn để model ở trạng thái khác: cờ training, requires_grad hoặc các tham số không còn như trước.",
    ),
    "mask_by_length": Text(
        "The mask was made from the values; it has to come from the lengths.",
        "Mask được tạo từ giá trị; nó phải được tạo từ độ dài.",
    ),
    "nan_compared": Text(
        "Every comparison with NaN is False: one of yours lets it pass for the best, or stops all that follows.",
        "Mọi phép so sánh với NaN đều là False: một phép so sánh của bạn để NaN lọt qua như kết quả tốt nhất, "
        "hoặc chặn mọi kết quả sau đó.",
    ),
    "no_gradient": Text(
        "No gradient arrives: the graph is cut on the way (detach, .item(), no_grad, a new tensor).",
        "Gradient không về tới nơi: đồ thị bị cắt giữa đường (detach, .item(), no_grad, tạo tensor mới).",
    ),
    "not_moved": Text(
        "Something did not move to the device: .to() of a tensor returns a new one, which has to be used.",
        "Có thứ chưa được chuyển sang device: .to() của tensor trả về tensor mới, và phải dùng tensor mới đó.",
    ),
    "registered": Text(
        "The module does not register what the statement names: each layer is an attribute, or in an "
        "nn.ModuleList, from __init__ on.",
        "Module không đăng ký đúng những gì đề bài nêu: mỗi lớp phải là một thuộc tính, hoặc nằm trong "
        "nn.ModuleList, ngay từ __init__.",
    ),
    "same_objects": Text(
        "The parameters must stay the same objects, with their gradients: change them in place, under no_grad.",
        "Các tham số phải vẫn là những đối tượng cũ, với gradient của chúng: hãy sửa tại chỗ, trong no_grad.",
    ),
    "seed": Text(
        "The seed alone decides: the same seed repeats everything, and nothing else has a say.",
        "Chỉ seed quyết định: cùng seed thì mọi thứ lặp lại, ngoài ra không gì khác được can thiệp.",
    ),
    "setting": Text(
        "An argument has no effect, or another name or default than the statement says.",
        "Một đối số không có tác dụng, hoặc có tên hay giá trị mặc định khác với đề bài.",
    ),
    "shapes_refused": Text(
        "Two shapes that differ must be refused: torch would stretch one of them, and no error would tell.",
        "Hai shape khác nhau phải bị từ chối: nếu không, torch sẽ tự kéo giãn một bên mà không báo lỗi.",
    ),
    "shared_state": Text(
        "Two of them share something: what one remembers must not lie in the class or in the module.",
        "Hai đối tượng dùng chung một thứ: những gì từng đối tượng nhớ không được nằm ở class hay ở module.",
    ),
    "smaller_batch": Text(
        "The last batch is smaller than the others, and it counts, too.",
        "Batch cuối nhỏ hơn các batch khác nhưng cũng phải được dùng.",
    ),
    "trace_on_x": Text(
        "Your code leaves a trace on what it was given: its .grad, its requires_grad or its graph is another now.",
        "Mã của bạn để lại dấu vết trên đối số: .grad, requires_grad hoặc đồ thị của nó nay đã khác.",
    ),
    "training_flag": Text(
        "The training flag of the model is another now: leave it, or put it back.",
        "Cờ training của model nay đã khác: hãy để nguyên, hoặc đặt lại như cũ.",
    ),
}
