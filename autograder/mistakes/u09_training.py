"""Known mistakes and right alternatives of u09_training."""

import copy
import functools
import math
import pickle
import random

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from autograder.mistakes import alternative, mistake

# train_one_epoch


@mistake(
    "train_one_epoch", kind="reduction",
    en="The result is the mean of the batches' losses; a smaller last batch then counts too much.",
    vi="Kết quả là trung bình của các loss theo batch; batch cuối nhỏ hơn vì thế được tính quá nặng.",
    hint_en="Weigh each loss with len(x) and divide by the number of examples.",
    hint_vi="Hãy nhân mỗi loss với len(x) rồi chia cho tổng số mẫu.",
)  # fmt: skip
def mean_of_the_batches(model, loader, optimizer, loss_fn):
    model.train()
    losses = []
    for x, y in loader:
        loss = loss_fn(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return sum(losses) / len(losses)


@mistake(
    "train_one_epoch", kind="reduction",
    en="The losses are added up but never divided by the number of examples.",
    vi="Các loss được cộng lại nhưng không chia cho số mẫu.",
)  # fmt: skip
def losses_only_added(model, loader, optimizer, loss_fn):
    model.train()
    total = 0.0
    for x, y in loader:
        loss = loss_fn(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
    return total


@mistake(
    "train_one_epoch", kind="gradient",
    en="The gradients are never zeroed, so each step adds those of all steps before.",
    vi="Gradient không bao giờ được xóa về 0, nên mỗi bước cộng dồn gradient của mọi bước trước.",
)  # fmt: skip
def epoch_without_zero_grad(model, loader, optimizer, loss_fn):
    model.train()
    total, count = 0.0, 0
    for x, y in loader:
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
        count += len(x)
    return total / count


@mistake(
    "train_one_epoch", kind="gradient",
    en="zero_grad comes only after each step, so gradients that were left from before leak into the first one.",
    vi="zero_grad chỉ được gọi sau mỗi bước, nên gradient còn sót từ trước lọt vào bước đầu tiên.",
    hint_en="Call it before backward.",
    hint_vi="Hãy gọi nó trước backward.",
)  # fmt: skip
def epoch_zeroed_too_late(model, loader, optimizer, loss_fn):
    model.train()
    total, count = 0.0, 0
    for x, y in loader:
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        total += loss.item() * len(x)
        count += len(x)
    return total / count


@mistake(
    "train_one_epoch", kind="order",
    en="zero_grad stands between backward and step, so the step sees no gradient and nothing is learned.",
    vi="zero_grad nằm giữa backward và step, nên bước cập nhật không thấy gradient và model không học được gì.",
)  # fmt: skip
def epoch_without_learning(model, loader, optimizer, loss_fn):
    model.train()
    total, count = 0.0, 0
    for x, y in loader:
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.zero_grad()
        optimizer.step()
        total += loss.item() * len(x)
        count += len(x)
    return total / count


@mistake(
    "train_one_epoch", kind="mode",
    en="The model is not switched to training mode: after a validation it would train in eval mode.",
    vi="Model không được chuyển sang chế độ huấn luyện: sau validation nó sẽ huấn luyện trong chế độ eval.",
    hint_en="model.train() comes before the loop.",
    hint_vi="Gọi model.train() trước vòng lặp.",
)  # fmt: skip
def epoch_in_any_mode(model, loader, optimizer, loss_fn):
    total, count = 0.0, 0
    for x, y in loader:
        loss = loss_fn(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
        count += len(x)
    return total / count


@mistake(
    "train_one_epoch", kind="order",
    en="Each loss is computed again after its update; the item asks for the one before it.",
    vi="Mỗi loss được tính lại sau khi cập nhật; bài yêu cầu loss trước khi cập nhật.",
)  # fmt: skip
def losses_after_the_updates(model, loader, optimizer, loss_fn):
    model.train()
    total, count = 0.0, 0
    for x, y in loader:
        optimizer.zero_grad()
        loss_fn(model(x), y).backward()
        optimizer.step()
        with torch.no_grad():
            total += loss_fn(model(x), y).item() * len(x)
        count += len(x)
    return total / count


@mistake(
    "train_one_epoch", kind="return",
    en="The result is a tensor; the item asks for a Python float.",
    vi="Kết quả là một tensor; bài yêu cầu số float của Python.",
    hint_en="loss.item() is a plain number, and does not keep the graph of the batch alive.",
    hint_vi="loss.item() là một con số thường, và không giữ graph của batch lại trong bộ nhớ.",
)  # fmt: skip
def epoch_loss_as_a_tensor(model, loader, optimizer, loss_fn):
    model.train()
    total, count = 0.0, 0
    for x, y in loader:
        loss = loss_fn(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total = total + loss.detach() * len(x)
        count += len(x)
    return total / count


@mistake(
    "train_one_epoch", kind="api",
    en="loss_fn gets the target first; it wants the prediction first.",
    vi="loss_fn nhận target trước; nó cần dự đoán trước.",
)  # fmt: skip
def target_before_prediction(model, loader, optimizer, loss_fn):
    model.train()
    total, count = 0.0, 0
    for x, y in loader:
        loss = loss_fn(y, model(x))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
        count += len(x)
    return total / count


@mistake(
    "train_one_epoch", kind="data",
    en="len(loader) is asked for; a generator of batches has no length.",
    vi="Bạn hỏi len(loader); một generator các batch không có độ dài.",
    hint_en="Count the examples while you walk.",
    hint_vi="Hãy đếm số mẫu trong lúc duyệt.",
)  # fmt: skip
def length_of_the_loader(model, loader, optimizer, loss_fn):
    model.train()
    total, count = 0.0, 0
    for place, (x, y) in enumerate(loader):
        if place == len(loader):
            break
        loss = loss_fn(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
        count += len(x)
    return total / count


@mistake(
    "train_one_epoch", kind="return",
    en="The loss of the last batch is returned; the item asks for the mean over the epoch.",
    vi="Bạn trả về loss của batch cuối; bài yêu cầu trung bình trên cả epoch.",
)  # fmt: skip
def loss_of_the_last_batch(model, loader, optimizer, loss_fn):
    model.train()
    for x, y in loader:
        loss = loss_fn(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.item()


@alternative("train_one_epoch")
def with_lists(model, loader, optimizer, loss_fn):
    model.train(True)
    losses, sizes = [], []
    for batch in loader:
        x, y = batch
        optimizer.zero_grad(set_to_none=False)
        loss = loss_fn(model(x), y)
        losses.append(float(loss))
        sizes.append(x.shape[0])
        loss.backward()
        optimizer.step()
    return float(np.average(losses, weights=sizes))


@alternative("train_one_epoch")
def with_a_closure(model, loader, optimizer, loss_fn):
    model.train()
    total, count = 0.0, 0
    for x, y in loader:

        def closure(x=x, y=y):
            optimizer.zero_grad()
            loss = loss_fn(model(x), y)
            loss.backward()
            return loss

        n = y.size(0)
        total += n * optimizer.step(closure).item()
        count += n
    return total / count


@alternative("train_one_epoch")
def with_a_running_mean(model, loader, optimizer, loss_fn):
    model.train()
    mean, count = 0.0, 0
    for x, y in loader:
        loss = loss_fn(model(x), y)
        for p in model.parameters():
            p.grad = None
        loss.backward()
        optimizer.step()
        count += len(y)
        mean += (loss.item() - mean) * len(y) / count
    return mean


# fit


def _validated(model, val, loss_fn):
    model.eval()
    total, count = 0.0, 0
    with torch.no_grad():
        for x, y in val:
            total += loss_fn(model(x), y).item() * len(x)
            count += len(x)
    return total / count


@mistake(
    "fit", kind="state",
    en="The weights of the last epoch are in the model: the best ones were not put back, or were kept without a copy.",
    vi="Model mang trọng số của epoch cuối: trọng số tốt nhất không được nạp lại, hoặc được giữ mà không sao chép.",
    hint_en="model.state_dict() holds the model's own tensors, which go on changing: copy.deepcopy it.",
    hint_vi="model.state_dict() và dict(…) của nó chứa chính các tensor của model, chúng còn thay đổi: copy.deepcopy.",
)  # fmt: skip
def best_without_a_copy(model, train, val, optimizer, loss_fn, epochs):
    history, best, state = [], math.inf, None
    for _ in range(epochs):
        train_loss = train_one_epoch(model, train, optimizer, loss_fn)  # noqa: F821
        val_loss = _validated(model, val, loss_fn)
        history.append({"train_loss": train_loss, "val_loss": val_loss})
        if val_loss < best:
            best, state = val_loss, model.state_dict()
    if state is not None:
        model.load_state_dict(state)
    return history


@mistake(
    "fit", kind="state",
    en="Only the Parameters of the best epoch come back; its buffers (BatchNorm's statistics) do not.",
    vi="Chỉ các Parameter của epoch tốt nhất được nạp lại; các buffer (thống kê của BatchNorm) thì không.",
    hint_en="state_dict() holds both.",
    hint_vi="state_dict() chứa cả hai.",
)  # fmt: skip
def parameters_without_buffers(model, train, val, optimizer, loss_fn, epochs):
    history, best, kept = [], math.inf, None
    for _ in range(epochs):
        train_loss = train_one_epoch(model, train, optimizer, loss_fn)  # noqa: F821
        val_loss = _validated(model, val, loss_fn)
        history.append({"train_loss": train_loss, "val_loss": val_loss})
        if val_loss < best:
            best, kept = val_loss, [p.detach().clone() for p in model.parameters()]
    if kept is not None:
        for p, value in zip(model.parameters(), kept):  # noqa: B905
            p.data.copy_(value)
    return history


@mistake(
    "fit", kind="mode",
    en="The model is validated in training mode.",
    vi="Validation chạy trong chế độ huấn luyện.",
    hint_en="model.eval() before walking through val.",
    hint_vi="Gọi model.eval() trước khi duyệt val.",
)  # fmt: skip
def validated_in_training_mode(model, train, val, optimizer, loss_fn, epochs):
    history, best, state = [], math.inf, None
    for _ in range(epochs):
        train_loss = train_one_epoch(model, train, optimizer, loss_fn)  # noqa: F821
        total, count = 0.0, 0
        with torch.no_grad():
            for x, y in val:
                total += loss_fn(model(x), y).item() * len(x)
                count += len(x)
        history.append({"train_loss": train_loss, "val_loss": total / count})
        if total / count < best:
            best, state = total / count, copy.deepcopy(model.state_dict())
    if state is not None:
        model.load_state_dict(state)
    return history


@mistake(
    "fit", kind="graph",
    en="Validation builds a graph that nobody needs.",
    vi="Validation dựng một graph không ai cần.",
    hint_en="with torch.no_grad(): around the walk through val.",
    hint_vi="Đặt vòng duyệt val trong with torch.no_grad():",
)  # fmt: skip
def validated_with_a_graph(model, train, val, optimizer, loss_fn, epochs):
    history, best, state = [], math.inf, None
    for _ in range(epochs):
        train_loss = train_one_epoch(model, train, optimizer, loss_fn)  # noqa: F821
        model.eval()
        total, count = 0.0, 0
        for x, y in val:
            total += loss_fn(model(x), y).item() * len(x)
            count += len(x)
        history.append({"train_loss": train_loss, "val_loss": total / count})
        if total / count < best:
            best, state = total / count, copy.deepcopy(model.state_dict())
    if state is not None:
        model.load_state_dict(state)
    return history


@mistake(
    "fit", kind="data",
    en="The model is trained on the validation data, too.",
    vi="Model còn được huấn luyện trên cả dữ liệu validation.",
)  # fmt: skip
def trained_on_both(model, train, val, optimizer, loss_fn, epochs):
    history, best, state = [], math.inf, None
    for _ in range(epochs):
        train_loss = train_one_epoch(model, train, optimizer, loss_fn)  # noqa: F821
        val_loss = train_one_epoch(model, val, optimizer, loss_fn)  # noqa: F821
        history.append({"train_loss": train_loss, "val_loss": val_loss})
        if val_loss < best:
            best, state = val_loss, copy.deepcopy(model.state_dict())
    if state is not None:
        model.load_state_dict(state)
    return history


@mistake(
    "fit", kind="formula",
    en="The best epoch is chosen by train_loss; val_loss decides.",
    vi="Epoch tốt nhất được chọn theo train_loss; phải chọn theo val_loss.",
)  # fmt: skip
def best_by_train_loss(model, train, val, optimizer, loss_fn, epochs):
    history, best, state = [], math.inf, None
    for _ in range(epochs):
        train_loss = train_one_epoch(model, train, optimizer, loss_fn)  # noqa: F821
        history.append({"train_loss": train_loss, "val_loss": _validated(model, val, loss_fn)})
        if train_loss < best:
            best, state = train_loss, copy.deepcopy(model.state_dict())
    if state is not None:
        model.load_state_dict(state)
    return history


@mistake(
    "fit", kind="sign",
    en="The epoch with the highest val_loss is kept; a loss is better when it is lower.",
    vi="Epoch có val_loss cao nhất được giữ lại; loss càng thấp mới càng tốt.",
)  # fmt: skip
def the_worst_is_kept(model, train, val, optimizer, loss_fn, epochs):
    history, best, state = [], -math.inf, None
    for _ in range(epochs):
        train_loss = train_one_epoch(model, train, optimizer, loss_fn)  # noqa: F821
        val_loss = _validated(model, val, loss_fn)
        history.append({"train_loss": train_loss, "val_loss": val_loss})
        if val_loss > best:
            best, state = val_loss, copy.deepcopy(model.state_dict())
    if state is not None:
        model.load_state_dict(state)
    return history


@mistake(
    "fit", kind="reduction",
    en="val_loss is the mean of the batches' losses; a smaller last batch then counts too much.",
    vi="val_loss là trung bình của các loss theo batch; batch cuối nhỏ hơn vì thế được tính quá nặng.",
)  # fmt: skip
def val_loss_by_batches(model, train, val, optimizer, loss_fn, epochs):
    history, best, state = [], math.inf, None
    for _ in range(epochs):
        train_loss = train_one_epoch(model, train, optimizer, loss_fn)  # noqa: F821
        model.eval()
        with torch.no_grad():
            losses = [loss_fn(model(x), y).item() for x, y in val]
        val_loss = sum(losses) / len(losses)
        history.append({"train_loss": train_loss, "val_loss": val_loss})
        if val_loss < best:
            best, state = val_loss, copy.deepcopy(model.state_dict())
    if state is not None:
        model.load_state_dict(state)
    return history


@mistake(
    "fit", kind="order",
    en="Validation comes before the epoch's training, so val_loss and the kept weights are one epoch old.",
    vi="Validation chạy trước phần huấn luyện của epoch, nên val_loss và trọng số được giữ bị trễ một epoch.",
)  # fmt: skip
def validated_before_training(model, train, val, optimizer, loss_fn, epochs):
    history, best, state = [], math.inf, None
    for _ in range(epochs):
        val_loss = _validated(model, val, loss_fn)
        if val_loss < best:
            best, state = val_loss, copy.deepcopy(model.state_dict())
        train_loss = train_one_epoch(model, train, optimizer, loss_fn)  # noqa: F821
        history.append({"train_loss": train_loss, "val_loss": val_loss})
    if state is not None:
        model.load_state_dict(state)
    return history


@mistake(
    "fit", kind="formula",
    en="Of equal epochs the latest is kept (<=); the earliest counts.",
    vi="Khi bằng nhau, epoch muộn nhất được giữ (<=); phải giữ epoch sớm nhất.",
)  # fmt: skip
def latest_of_equals(model, train, val, optimizer, loss_fn, epochs):
    history, best, state = [], math.inf, None
    for _ in range(epochs):
        train_loss = train_one_epoch(model, train, optimizer, loss_fn)  # noqa: F821
        val_loss = _validated(model, val, loss_fn)
        history.append({"train_loss": train_loss, "val_loss": val_loss})
        if val_loss <= best:
            best, state = val_loss, copy.deepcopy(model.state_dict())
    if state is not None:
        model.load_state_dict(state)
    return history


@mistake(
    "fit", kind="stability",
    en="The first epoch counts as the best even when its val_loss is NaN, and nothing is lower than NaN.",
    vi="Epoch đầu được coi là tốt nhất kể cả khi val_loss là NaN, mà không có gì nhỏ hơn NaN.",
    hint_en="Start with best = math.inf.",
    hint_vi="Hãy bắt đầu với best = math.inf.",
)  # fmt: skip
def nan_taken_for_the_best(model, train, val, optimizer, loss_fn, epochs):
    history, best, state = [], None, None
    for _ in range(epochs):
        train_loss = train_one_epoch(model, train, optimizer, loss_fn)  # noqa: F821
        val_loss = _validated(model, val, loss_fn)
        history.append({"train_loss": train_loss, "val_loss": val_loss})
        if best is None or val_loss < best:
            best, state = val_loss, copy.deepcopy(model.state_dict())
    if state is not None:
        model.load_state_dict(state)
    return history


@alternative("fit")
def with_clones(model, train, val, optimizer, loss_fn, epochs):
    history, best = [], float("inf")
    kept = {name: value.clone() for name, value in model.state_dict().items()}
    for _ in range(epochs):
        model.train()
        losses = []
        for x, y in train:
            optimizer.zero_grad()
            loss = loss_fn(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append((loss.item(), len(y)))
        train_loss = sum(value * n for value, n in losses) / sum(n for _, n in losses)
        model.eval()
        with torch.inference_mode():
            losses = [(loss_fn(model(x), y).item(), len(y)) for x, y in val]
        val_loss = sum(value * n for value, n in losses) / sum(n for _, n in losses)
        history.append(dict(train_loss=train_loss, val_loss=val_loss))
        if val_loss < best:
            best = val_loss
            kept = {name: value.clone() for name, value in model.state_dict().items()}
    model.load_state_dict(kept)
    model.train()
    return history


@alternative("fit")
def with_a_copy_of_the_model(model, train, val, optimizer, loss_fn, epochs):
    history, best, winner = [], math.inf, copy.deepcopy(model)
    for _ in range(epochs):
        entry = {"val_loss": 0.0, "train_loss": train_one_epoch(model, train, optimizer, loss_fn)}  # noqa: F821
        entry["val_loss"] = _validated(model, val, loss_fn)
        history.append(entry)
        if not math.isnan(entry["val_loss"]) and entry["val_loss"] < best:
            best, winner = entry["val_loss"], copy.deepcopy(model)
    model.load_state_dict(winner.state_dict())
    return history


# save_checkpoint


@mistake(
    "save_checkpoint", kind="state",
    en='The optimizer is missing: its momentum and learning rate are lost.',
    vi='Thiếu optimizer: momentum và learning rate của nó bị mất.',
)  # fmt: skip
def checkpoint_without_the_optimizer(path, model, optimizer, epoch):
    torch.save({"model": model.state_dict(), "epoch": epoch}, path)


@mistake(
    "save_checkpoint", kind="api",
    en="The objects themselves are saved, not their state_dict(): such a file cannot be read with weights_only=True.",
    vi="Bạn lưu chính các đối tượng thay vì state_dict(): file như vậy không đọc được với weights_only=True.",
)  # fmt: skip
def objects_saved(path, model, optimizer, epoch):
    torch.save({"model": model, "optimizer": optimizer, "epoch": epoch}, path)


@mistake(
    "save_checkpoint", kind="indexing",
    en='"epoch" in the file is the epoch to start with; it should be the one that was finished, as it was passed.',
    vi='"epoch" trong file là epoch sẽ bắt đầu; phải là epoch vừa xong, đúng như được truyền vào.',
)  # fmt: skip
def next_epoch_saved(path, model, optimizer, epoch):
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch + 1}, path)


@mistake(
    "save_checkpoint", kind="api",
    en="The keys have other names than model, optimizer and epoch.",
    vi="Các khóa không mang tên model, optimizer và epoch.",
)  # fmt: skip
def other_keys(path, model, optimizer, epoch):
    state = {"model_state_dict": model.state_dict(), "optimizer_state_dict": optimizer.state_dict(), "epoch": epoch}
    torch.save(state, path)


@mistake(
    "save_checkpoint", kind="state",
    en="Only the Parameters are saved; the buffers (BatchNorm's statistics) are missing.",
    vi="Chỉ các Parameter được lưu; thiếu các buffer (thống kê của BatchNorm).",
    hint_en="model.state_dict() holds both.",
    hint_vi="model.state_dict() chứa cả hai.",
)  # fmt: skip
def checkpoint_without_buffers(path, model, optimizer, epoch):
    weights = {name: p.detach() for name, p in model.named_parameters()}
    torch.save({"model": weights, "optimizer": optimizer.state_dict(), "epoch": epoch}, path)


@mistake(
    "save_checkpoint", kind="mode",
    en="model.eval() changes the mode of the model, which goes on training afterwards.",
    vi="model.eval() đổi chế độ của model, trong khi nó còn tiếp tục huấn luyện.",
)  # fmt: skip
def checkpoint_in_eval_mode(path, model, optimizer, epoch):
    model.eval()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch}, path)


@mistake(
    "save_checkpoint", kind="api",
    en="The file is written with pickle; torch.load cannot read it.",
    vi="File được ghi bằng pickle; torch.load không đọc được.",
)  # fmt: skip
def checkpoint_pickled(path, model, optimizer, epoch):
    with open(path, "wb") as file:
        pickle.dump({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch}, file)


@alternative("save_checkpoint")
def through_an_open_file(path, model, optimizer, epoch):
    checkpoint = {}
    checkpoint["epoch"] = epoch
    checkpoint["optimizer"] = optimizer.state_dict()
    checkpoint["model"] = {name: value.cpu() for name, value in model.state_dict().items()}
    with open(path, "wb") as file:
        torch.save(checkpoint, file)


@alternative("save_checkpoint")
def with_copies(path, model, optimizer, epoch):
    state = dict(model=model.state_dict(), optimizer=optimizer.state_dict(), epoch=int(epoch))
    torch.save(copy.deepcopy(state), str(path))


# load_checkpoint


@mistake(
    "load_checkpoint", kind="indexing",
    en="The epoch that is returned was finished already: it would be trained twice.",
    vi="Epoch được trả về đã hoàn thành rồi: nó sẽ bị huấn luyện hai lần.",
    hint_en="Start with the one after it.",
    hint_vi="Hãy bắt đầu từ epoch kế tiếp.",
)  # fmt: skip
def finished_epoch_returned(path, model, optimizer):
    checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    model.load_state_dict(checkpoint["model"])
    optimizer.load_state_dict(checkpoint["optimizer"])
    return checkpoint["epoch"]


@mistake(
    "load_checkpoint", kind="state",
    en="The optimizer is not restored: momentum, Adam's averages and the learning rate start anew.",
    vi="Optimizer không được khôi phục: momentum, các trung bình của Adam và learning rate bắt đầu lại.",
)  # fmt: skip
def optimizer_not_restored(path, model, optimizer):
    checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    model.load_state_dict(checkpoint["model"])
    return checkpoint["epoch"] + 1


@mistake(
    "load_checkpoint", kind="state",
    en="The model is not restored.",
    vi="Model không được khôi phục.",
)  # fmt: skip
def model_not_restored(path, model, optimizer):
    checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    optimizer.load_state_dict(checkpoint["optimizer"])
    return checkpoint["epoch"] + 1


@mistake(
    "load_checkpoint", kind="device",
    en="Without map_location a file from a machine with a GPU cannot be read on one without.",
    vi="Thiếu map_location thì file từ máy có GPU không đọc được trên máy không có GPU.",
    hint_en='map_location="cpu" works everywhere.',
    hint_vi='map_location="cpu" dùng được ở mọi nơi.',
)  # fmt: skip
def without_map_location(path, model, optimizer):
    checkpoint = torch.load(path, weights_only=True)
    model.load_state_dict(checkpoint["model"])
    optimizer.load_state_dict(checkpoint["optimizer"])
    return checkpoint["epoch"] + 1


@mistake(
    "load_checkpoint", kind="api",
    en="weights_only=False unpickles anything: a checkpoint from somebody else can run code.",
    vi="weights_only=False unpickle mọi thứ: checkpoint của người khác có thể chạy mã.",
)  # fmt: skip
def anything_unpickled(path, model, optimizer):
    checkpoint = torch.load(path, map_location="cpu", weights_only=False)
    model.load_state_dict(checkpoint["model"])
    optimizer.load_state_dict(checkpoint["optimizer"])
    return checkpoint["epoch"] + 1


@mistake(
    "load_checkpoint", kind="mode",
    en="model.train() changes the mode of the model; the item leaves it as it is.",
    vi="model.train() đổi chế độ của model; bài yêu cầu giữ nguyên.",
)  # fmt: skip
def loaded_into_training_mode(path, model, optimizer):
    checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    model.load_state_dict(checkpoint["model"])
    optimizer.load_state_dict(checkpoint["optimizer"])
    model.train()
    return checkpoint["epoch"] + 1


@mistake(
    "load_checkpoint", kind="state",
    en="New Parameters take the place of the old ones, so the optimizer trains tensors that the model no longer has.",
    vi="Parameter mới thay chỗ Parameter cũ, nên optimizer huấn luyện những tensor không còn thuộc model.",
    hint_en="load_state_dict without assign copies the numbers in place.",
    hint_vi="load_state_dict không có assign sẽ chép các con số tại chỗ.",
)  # fmt: skip
def parameters_assigned(path, model, optimizer):
    checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    model.load_state_dict(checkpoint["model"], assign=True)
    optimizer.load_state_dict(checkpoint["optimizer"])
    return checkpoint["epoch"] + 1


@alternative("load_checkpoint")
def with_a_device(path, model, optimizer):
    with open(path, "rb") as file:
        state = torch.load(file, map_location=torch.device("cpu"))
    optimizer.load_state_dict(state["optimizer"])
    model.load_state_dict(state["model"], strict=True)
    return 1 + state["epoch"]


@alternative("load_checkpoint")
def with_copies_in_place(path, model, optimizer):
    state = torch.load(path, weights_only=True, map_location=lambda storage, location: storage)
    own = model.state_dict()
    for name, value in state["model"].items():
        own[name].copy_(value)
    optimizer.load_state_dict(state["optimizer"])
    return int(state["epoch"]) + 1


# save_whole


@mistake(
    "save_whole", kind="api",
    en="The file holds the state_dict(); the item asks for the module itself.",
    vi="File chứa state_dict(); bài yêu cầu chính module.",
)  # fmt: skip
def only_the_state(path, model):
    torch.save(model.state_dict(), path)


@mistake(
    "save_whole", kind="mode",
    en="model.eval() changes the mode of the model, in the file and in memory.",
    vi="model.eval() đổi chế độ của model, cả trong file lẫn trong bộ nhớ.",
)  # fmt: skip
def whole_in_eval_mode(path, model):
    torch.save(model.eval(), path)


@mistake(
    "save_whole", kind="api",
    en="The file is written with pickle; torch.load cannot read it.",
    vi="File được ghi bằng pickle; torch.load không đọc được.",
)  # fmt: skip
def whole_pickled(path, model):
    with open(path, "wb") as file:
        pickle.dump(model, file)


@mistake(
    "save_whole", kind="api",
    en="The module is packed into a dict; the file should hold the module itself.",
    vi="Module bị gói trong một dict; file phải chứa chính module.",
)  # fmt: skip
def module_in_a_dict(path, model):
    torch.save({"model": model}, path)


@mistake(
    "save_whole", kind="dtype",
    en="model.half() or model.float() changes the model's numbers while it is saved.",
    vi="model.half() hoặc model.float() làm đổi các con số của model khi lưu.",
)  # fmt: skip
def whole_in_float32(path, model):
    torch.save(model.float(), path)


@alternative("save_whole")
def whole_through_a_file(path, model):
    with open(path, "wb") as file:
        torch.save(model, file)


@alternative("save_whole")
def whole_as_a_copy(path, model):
    torch.save(obj=copy.deepcopy(model), f=str(path))


# load_whole


@mistake(
    "load_whole", kind="api",
    en="torch.load refuses to build objects unless weights_only=False is given.",
    vi="torch.load không chịu dựng đối tượng nếu không có weights_only=False.",
)  # fmt: skip
def whole_with_weights_only(path):
    return torch.load(path, map_location="cpu", weights_only=True)


@mistake(
    "load_whole", kind="device",
    en="Without map_location a model from a machine with a GPU cannot be read on one without.",
    vi="Thiếu map_location thì model từ máy có GPU không đọc được trên máy không có GPU.",
)  # fmt: skip
def whole_without_map_location(path):
    return torch.load(path, weights_only=False)


@mistake(
    "load_whole", kind="mode",
    en="The model is switched to eval mode; it should come back in the mode in which it was saved.",
    vi="Model bị chuyển sang chế độ eval; nó phải trở lại đúng chế độ lúc được lưu.",
)  # fmt: skip
def whole_loaded_for_eval(path):
    return torch.load(path, map_location="cpu", weights_only=False).eval()


@mistake(
    "load_whole", kind="return",
    en="The state_dict() comes back; the item asks for the module.",
    vi="Kết quả là state_dict(); bài yêu cầu module.",
)  # fmt: skip
def state_returned(path):
    return torch.load(path, map_location="cpu", weights_only=False).state_dict()


@alternative("load_whole")
def whole_from_a_file(path):
    with open(path, "rb") as file:
        return torch.load(file, torch.device("cpu"), weights_only=False)


@alternative("load_whole")
def whole_by_storage(path):
    model = torch.load(str(path), map_location=lambda storage, location: storage, weights_only=False)
    return model.to("cpu")


# to_device


@mistake(
    "to_device", kind="inplace",
    en="The containers that were passed are changed; the item builds new ones.",
    vi="Chính các container được truyền vào bị thay đổi; bài yêu cầu dựng container mới.",
)  # fmt: skip
def moved_in_place(batch, device):
    if isinstance(batch, torch.Tensor):
        return batch.to(device)
    if isinstance(batch, dict):
        for key in batch:
            batch[key] = moved_in_place(batch[key], device)
        return batch
    if isinstance(batch, list):
        for place, value in enumerate(batch):
            batch[place] = moved_in_place(value, device)
        return batch
    if isinstance(batch, tuple):
        moved = [moved_in_place(value, device) for value in batch]
        return type(batch)(*moved) if hasattr(batch, "_fields") else tuple(moved)
    return batch


@mistake(
    "to_device", kind="return",
    en="Tuples come back as lists.",
    vi="Tuple trở về thành list.",
)  # fmt: skip
def tuples_become_lists(batch, device):
    if isinstance(batch, torch.Tensor):
        return batch.to(device)
    if isinstance(batch, dict):
        return {key: tuples_become_lists(value, device) for key, value in batch.items()}
    if isinstance(batch, (list, tuple)):
        return [tuples_become_lists(value, device) for value in batch]
    return batch


@mistake(
    "to_device", kind="return",
    en="A named tuple comes back as a plain tuple, without its names.",
    vi="Named tuple trở về thành tuple thường, mất tên các trường.",
    hint_en="It has _fields; build it with type(batch)(*parts).",
    hint_vi="Nó có _fields; hãy dựng bằng type(batch)(*các_phần).",
)  # fmt: skip
def names_lost(batch, device):
    if isinstance(batch, torch.Tensor):
        return batch.to(device)
    if isinstance(batch, dict):
        return {key: names_lost(value, device) for key, value in batch.items()}
    if isinstance(batch, list):
        return [names_lost(value, device) for value in batch]
    if isinstance(batch, tuple):
        return tuple(names_lost(value, device) for value in batch)
    return batch


@mistake(
    "to_device", kind="api",
    en="type(batch)(list of parts) breaks on a named tuple, which wants its fields one by one.",
    vi="type(batch)(list các phần) hỏng với named tuple, vì nó cần từng trường riêng.",
    hint_en="A star before the parts: type(batch)(*parts).",
    hint_vi="Thêm dấu sao trước các phần: type(batch)(*các_phần).",
)  # fmt: skip
def named_tuple_from_one_list(batch, device):
    if isinstance(batch, torch.Tensor):
        return batch.to(device)
    if isinstance(batch, dict):
        return {key: named_tuple_from_one_list(value, device) for key, value in batch.items()}
    if isinstance(batch, (list, tuple)):
        return type(batch)([named_tuple_from_one_list(value, device) for value in batch])
    return batch


@mistake(
    "to_device", kind="device",
    en="Only the outermost level is moved; what is nested deeper stays behind.",
    vi="Chỉ lớp ngoài cùng được chuyển; những gì lồng sâu hơn bị bỏ lại.",
    hint_en="The function can call itself.",
    hint_vi="Hàm có thể gọi chính nó.",
)  # fmt: skip
def one_level_only(batch, device):
    def move(value):
        return value.to(device) if isinstance(value, torch.Tensor) else value

    if isinstance(batch, dict):
        return {key: move(value) for key, value in batch.items()}
    if isinstance(batch, list):
        return [move(value) for value in batch]
    if isinstance(batch, tuple):
        moved = [move(value) for value in batch]
        return type(batch)(*moved) if hasattr(batch, "_fields") else tuple(moved)
    return move(batch)


@mistake(
    "to_device", kind="api",
    en="Everything else gets a .to as well; numbers, texts and None have none.",
    vi="Mọi thứ khác cũng bị gọi .to; số, chuỗi và None không có hàm đó.",
)  # fmt: skip
def everything_has_to(batch, device):
    if isinstance(batch, dict):
        return {key: everything_has_to(value, device) for key, value in batch.items()}
    if isinstance(batch, (list, tuple)):
        moved = [everything_has_to(value, device) for value in batch]
        if isinstance(batch, list):
            return moved
        return type(batch)(*moved) if hasattr(batch, "_fields") else tuple(moved)
    return batch.to(device)


@mistake(
    "to_device", kind="device",
    en="tensor.to(device) returns a new tensor; its result is thrown away.",
    vi="tensor.to(device) trả về tensor mới; kết quả bị bỏ đi.",
)  # fmt: skip
def result_of_to_lost(batch, device):
    if isinstance(batch, torch.Tensor):
        batch.to(device)
        return batch
    if isinstance(batch, dict):
        return {key: result_of_to_lost(value, device) for key, value in batch.items()}
    if isinstance(batch, (list, tuple)):
        moved = [result_of_to_lost(value, device) for value in batch]
        if isinstance(batch, list):
            return moved
        return type(batch)(*moved) if hasattr(batch, "_fields") else tuple(moved)
    return batch


@mistake(
    "to_device", kind="view_copy",
    en="A tensor that is on the device already is copied.",
    vi="Tensor đã ở trên thiết bị đó vẫn bị sao chép.",
    hint_en=".to(device) returns the tensor itself in that case.",
    hint_vi="Trong trường hợp đó .to(device) trả về chính tensor ấy.",
)  # fmt: skip
def copied_always(batch, device):
    if isinstance(batch, torch.Tensor):
        return batch.clone().to(device)
    if isinstance(batch, dict):
        return {key: copied_always(value, device) for key, value in batch.items()}
    if isinstance(batch, (list, tuple)):
        moved = [copied_always(value, device) for value in batch]
        if isinstance(batch, list):
            return moved
        return type(batch)(*moved) if hasattr(batch, "_fields") else tuple(moved)
    return batch


@mistake(
    "to_device", kind="device",
    en="Dicts are not looked into.",
    vi="Các dict không được duyệt vào bên trong.",
)  # fmt: skip
def dicts_left_alone(batch, device):
    if isinstance(batch, torch.Tensor):
        return batch.to(device)
    if isinstance(batch, (list, tuple)):
        moved = [dicts_left_alone(value, device) for value in batch]
        if isinstance(batch, list):
            return moved
        return type(batch)(*moved) if hasattr(batch, "_fields") else tuple(moved)
    return batch


@mistake(
    "to_device", kind="device",
    en='"cuda" stands in the code: it takes the first GPU of the machine, whatever `device` says.',
    vi='Trong mã ghi sẵn "cuda": nó dùng GPU đầu tiên của máy, bất kể `device` là gì.',
)  # fmt: skip
def to_the_first_gpu(batch, device):
    if isinstance(batch, torch.Tensor):
        return batch.to("cuda" if torch.cuda.is_available() else "cpu")
    if isinstance(batch, dict):
        return {key: to_the_first_gpu(value, device) for key, value in batch.items()}
    if isinstance(batch, (list, tuple)):
        moved = [to_the_first_gpu(value, device) for value in batch]
        if isinstance(batch, list):
            return moved
        return type(batch)(*moved) if hasattr(batch, "_fields") else tuple(moved)
    return batch


@alternative("to_device")
def with_a_tree_map(batch, device):
    from torch.utils._pytree import tree_map

    return tree_map(lambda value: value.to(device) if isinstance(value, torch.Tensor) else value, batch)


@alternative("to_device")
def with_dispatch(batch, device):
    @functools.singledispatch
    def move(value):
        return value

    @move.register
    def _(value: torch.Tensor):
        return value.to(device=device, non_blocking=True)

    @move.register
    def _(value: dict):
        return dict(zip(value.keys(), map(move, value.values())))  # noqa: B905

    @move.register
    def _(value: list):
        return list(map(move, value))

    @move.register
    def _(value: tuple):
        return value._make(map(move, value)) if hasattr(value, "_make") else tuple(map(move, value))

    return move(batch)


# accumulate_step


@mistake(
    "accumulate_step", kind="reduction",
    en="Each piece counts the same (its loss divided by their number), although the pieces differ in size.",
    vi="Mỗi mảnh được tính như nhau (loss chia cho số mảnh), dù các mảnh có kích thước khác nhau.",
    hint_en="Weigh with len(x) / number of all examples.",
    hint_vi="Hãy nhân với len(x) / tổng số mẫu.",
)  # fmt: skip
def pieces_equal(model, optimizer, loss_fn, micro_batches):
    optimizer.zero_grad()
    for x, y in micro_batches:
        (loss_fn(model(x), y) / len(micro_batches)).backward()
    optimizer.step()


@mistake(
    "accumulate_step", kind="reduction",
    en="The means of the pieces are added up without weights: the gradient is too large.",
    vi="Trung bình của các mảnh được cộng lại không có trọng số: gradient quá lớn.",
)  # fmt: skip
def pieces_only_added(model, optimizer, loss_fn, micro_batches):
    optimizer.zero_grad()
    for x, y in micro_batches:
        loss_fn(model(x), y).backward()
    optimizer.step()


@mistake(
    "accumulate_step", kind="order",
    en="zero_grad stands in the loop, so only the last piece counts.",
    vi="zero_grad nằm trong vòng lặp, nên chỉ mảnh cuối được tính.",
)  # fmt: skip
def zeroed_for_every_piece(model, optimizer, loss_fn, micro_batches):
    total = sum(len(x) for x, _ in micro_batches)
    for x, y in micro_batches:
        optimizer.zero_grad()
        (loss_fn(model(x), y) * len(x) / total).backward()
    optimizer.step()


@mistake(
    "accumulate_step", kind="order",
    en="The optimizer takes a step for every piece.",
    vi="Optimizer đi một bước cho mỗi mảnh.",
)  # fmt: skip
def step_for_every_piece(model, optimizer, loss_fn, micro_batches):
    total = sum(len(x) for x, _ in micro_batches)
    optimizer.zero_grad()
    for x, y in micro_batches:
        (loss_fn(model(x), y) * len(x) / total).backward()
        optimizer.step()


@mistake(
    "accumulate_step", kind="gradient",
    en="Gradients that were left from before are not zeroed.",
    vi="Gradient còn sót từ trước không được xóa về 0.",
)  # fmt: skip
def accumulated_on_old_gradients(model, optimizer, loss_fn, micro_batches):
    total = sum(len(x) for x, _ in micro_batches)
    for x, y in micro_batches:
        (loss_fn(model(x), y) * len(x) / total).backward()
    optimizer.step()


@mistake(
    "accumulate_step", kind="graph",
    en="The losses are added and one backward runs at the end: the graphs of all pieces are in memory at once.",
    vi="Các loss được cộng rồi backward một lần ở cuối: graph của mọi mảnh cùng nằm trong bộ nhớ.",
    hint_en="Call backward in the loop; it adds to .grad by itself.",
    hint_vi="Hãy gọi backward trong vòng lặp; nó tự cộng vào .grad.",
)  # fmt: skip
def one_backward_at_the_end(model, optimizer, loss_fn, micro_batches):
    total = sum(len(x) for x, _ in micro_batches)
    optimizer.zero_grad()
    sum(loss_fn(model(x), y) * len(x) / total for x, y in micro_batches).backward()
    optimizer.step()


@mistake(
    "accumulate_step", kind="shape",
    en="The pieces are joined to the whole batch again, which does not fit into the memory.",
    vi="Các mảnh lại được ghép thành cả batch, vốn không vừa bộ nhớ.",
)  # fmt: skip
def joined_again(model, optimizer, loss_fn, micro_batches):
    x, y = torch.cat([x for x, _ in micro_batches]), torch.cat([y for _, y in micro_batches])
    optimizer.zero_grad()
    loss_fn(model(x), y).backward()
    optimizer.step()


@mistake(
    "accumulate_step", kind="mode",
    en="model.train() changes the mode; the item leaves it as it is.",
    vi="model.train() đổi chế độ của model; bài yêu cầu giữ nguyên.",
)  # fmt: skip
def accumulated_in_training_mode(model, optimizer, loss_fn, micro_batches):
    model.train()
    total = sum(len(x) for x, _ in micro_batches)
    optimizer.zero_grad()
    for x, y in micro_batches:
        (loss_fn(model(x), y) * len(x) / total).backward()
    optimizer.step()


@alternative("accumulate_step")
def divided_at_the_end(model, optimizer, loss_fn, micro_batches):
    optimizer.zero_grad()
    total = 0
    for x, y in micro_batches:
        (len(y) * loss_fn(model(x), y)).backward()
        total += len(y)
    for group in optimizer.param_groups:
        for p in group["params"]:
            if p.grad is not None:
                p.grad /= total
    optimizer.step()


@alternative("accumulate_step")
def with_functional_gradients(model, optimizer, loss_fn, micro_batches):
    params = [p for p in model.parameters() if p.requires_grad]
    sums = [torch.zeros_like(p) for p in params]
    sizes = [x.shape[0] for x, _ in micro_batches]
    for (x, y), n in zip(micro_batches, sizes):  # noqa: B905
        for kept, grad in zip(sums, torch.autograd.grad(loss_fn(model(x), y), params)):  # noqa: B905
            kept += grad * (n / sum(sizes))
    for p, grad in zip(params, sums):  # noqa: B905
        p.grad = grad
    optimizer.step()


# EarlyStopping


@mistake(
    "early_stopping", kind="formula",
    en="An equal loss counts as an improvement; it must be lower by more than min_delta.",
    vi="Loss bằng nhau bị tính là cải thiện; nó phải thấp hơn hẳn min_delta.",
)  # fmt: skip
class equal_is_better:
    def __init__(self, patience, min_delta=0.0):
        self.patience, self.min_delta, self.best, self.count = patience, min_delta, math.inf, 0

    def step(self, v):
        if v <= self.best - self.min_delta:
            self.best, self.count = v, 0
        else:
            self.count += 1
        return self.count >= self.patience


@mistake(
    "early_stopping", kind="indexing",
    en="It stops one call too late: > patience in place of >=.",
    vi="Dừng muộn một lần gọi: dùng > patience thay vì >=.",
)  # fmt: skip
class one_too_late:
    def __init__(self, patience, min_delta=0.0):
        self.patience, self.min_delta, self.best, self.count = patience, min_delta, math.inf, 0

    def step(self, v):
        if v < self.best - self.min_delta:
            self.best, self.count = v, 0
        else:
            self.count += 1
        return self.count > self.patience


@mistake(
    "early_stopping", kind="state",
    en="An improvement does not set the count back to 0.",
    vi="Khi có cải thiện, bộ đếm không được đặt lại về 0.",
)  # fmt: skip
class count_never_reset:
    def __init__(self, patience, min_delta=0.0):
        self.patience, self.min_delta, self.best, self.count = patience, min_delta, math.inf, 0

    def step(self, v):
        if v < self.best - self.min_delta:
            self.best = v
        else:
            self.count += 1
        return self.count >= self.patience


@mistake(
    "early_stopping", kind="sign",
    en="min_delta is added to the best: losses that got worse pass for improvements.",
    vi="min_delta được cộng vào best: loss xấu đi cũng bị coi là cải thiện.",
)  # fmt: skip
class delta_added:
    def __init__(self, patience, min_delta=0.0):
        self.patience, self.min_delta, self.best, self.count = patience, min_delta, math.inf, 0

    def step(self, v):
        if v < self.best + self.min_delta:
            self.best, self.count = v, 0
        else:
            self.count += 1
        return self.count >= self.patience


@mistake(
    "early_stopping", kind="state",
    en="best follows every small step down, so small steps never add up to an improvement.",
    vi="best chạy theo mọi bước giảm nhỏ, nên các bước nhỏ không bao giờ cộng lại thành cải thiện.",
    hint_en="best changes only with an improvement.",
    hint_vi="best chỉ thay đổi khi có cải thiện.",
)  # fmt: skip
class best_follows:
    def __init__(self, patience, min_delta=0.0):
        self.patience, self.min_delta, self.best, self.count = patience, min_delta, math.inf, 0

    def step(self, v):
        if v < self.best - self.min_delta:
            self.count = 0
        else:
            self.count += 1
        if v < self.best:
            self.best = v
        return self.count >= self.patience


@mistake(
    "early_stopping", kind="state",
    en="Each loss is compared with the one before it, not with the best.",
    vi="Mỗi loss được so với loss ngay trước đó, không phải với loss tốt nhất.",
)  # fmt: skip
class compared_with_the_last:
    def __init__(self, patience, min_delta=0.0):
        self.patience, self.min_delta, self.last, self.count = patience, min_delta, math.inf, 0

    def step(self, v):
        self.count = 0 if v < self.last - self.min_delta else self.count + 1
        self.last = v
        return self.count >= self.patience


@mistake(
    "early_stopping", kind="sign",
    en="A higher value counts as better; for a loss lower is better.",
    vi="Giá trị cao hơn bị coi là tốt hơn; với loss, thấp hơn mới tốt hơn.",
)  # fmt: skip
class higher_is_better:
    def __init__(self, patience, min_delta=0.0):
        self.patience, self.min_delta, self.best, self.count = patience, min_delta, -math.inf, 0

    def step(self, v):
        if v > self.best + self.min_delta:
            self.best, self.count = v, 0
        else:
            self.count += 1
        return self.count >= self.patience


@mistake(
    "early_stopping", kind="formula",
    en="min_delta is not used.",
    vi="min_delta không được dùng.",
)  # fmt: skip
class delta_unused:
    def __init__(self, patience, min_delta=0.0):
        self.patience, self.best, self.count = patience, math.inf, 0

    def step(self, v):
        if v < self.best:
            self.best, self.count = v, 0
        else:
            self.count += 1
        return self.count >= self.patience


@mistake(
    "early_stopping", kind="stability",
    en="NaN passes for an improvement, and afterwards nothing is lower than NaN.",
    vi="NaN bị coi là cải thiện, và sau đó không có gì thấp hơn NaN.",
    hint_en="Every comparison with NaN is False: write the one that asks for an improvement.",
    hint_vi="Mọi phép so sánh với NaN đều là False: hãy viết phép so sánh hỏi có cải thiện hay không.",
)  # fmt: skip
class nan_is_better:
    def __init__(self, patience, min_delta=0.0):
        self.patience, self.min_delta, self.best, self.count = patience, min_delta, math.inf, 0

    def step(self, v):
        if v >= self.best - self.min_delta:
            self.count += 1
        else:
            self.best, self.count = v, 0
        return self.count >= self.patience


@mistake(
    "early_stopping", kind="state",
    en="The state lies in the class, so all EarlyStopping objects share it.",
    vi="Trạng thái nằm ở class, nên mọi đối tượng EarlyStopping dùng chung.",
    hint_en="Assign to self in __init__.",
    hint_vi="Hãy gán vào self trong __init__.",
)  # fmt: skip
class shared_by_all:
    state = {"best": math.inf, "count": 0}

    def __init__(self, patience, min_delta=0.0):
        self.patience, self.min_delta = patience, min_delta

    def step(self, v):
        if v < self.state["best"] - self.min_delta:
            self.state.update(best=v, count=0)
        else:
            self.state["count"] += 1
        return self.state["count"] >= self.patience


@alternative("early_stopping")
class with_a_countdown:
    def __init__(self, patience, min_delta=0.0):
        self.patience = self.left = patience
        self.best, self.min_delta = None, min_delta

    def step(self, v):
        if not math.isnan(v) and (self.best is None or self.best - v > self.min_delta):
            self.best, self.left = v, self.patience
            return False
        self.left -= 1
        return self.left <= 0


@alternative("early_stopping")
class with_a_list:
    def __init__(self, patience, min_delta=0.0):
        self.patience, self.min_delta = patience, min_delta
        self.best, self.misses = float("inf"), []

    def step(self, v):
        better = v + self.min_delta < self.best
        if better:
            self.best = v
            self.misses = []
        else:
            self.misses.append(v)
        return len(self.misses) >= self.patience


# seed_everything


@mistake(
    "seed_everything", kind="randomness",
    en="NumPy's global generator is not seeded.",
    vi="Bộ sinh số toàn cục của NumPy không được đặt seed.",
    hint_en="np.random.seed does it; np.random.default_rng makes another generator.",
    hint_vi="np.random.seed làm việc đó; np.random.default_rng tạo một bộ sinh số khác.",
)  # fmt: skip
def numpy_forgotten(seed):
    random.seed(seed)
    torch.manual_seed(seed)


@mistake(
    "seed_everything", kind="randomness",
    en="Python's own `random` is not seeded.",
    vi="`random` của Python không được đặt seed.",
)  # fmt: skip
def random_forgotten(seed):
    np.random.seed(seed)
    torch.manual_seed(seed)


@mistake(
    "seed_everything", kind="randomness",
    en="torch's generator is not seeded.",
    vi="Bộ sinh số của torch không được đặt seed.",
)  # fmt: skip
def torch_forgotten(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.cuda.manual_seed_all(seed)


@mistake(
    "seed_everything", kind="randomness",
    en="The seeds are fixed numbers; the argument is not used.",
    vi="Seed là những con số cố định; đối số không được dùng.",
)  # fmt: skip
def always_42(seed):
    random.seed(42)
    np.random.seed(42)
    torch.manual_seed(42)


@alternative("seed_everything")
def gpus_too(seed):
    torch.manual_seed(seed)
    torch.cuda.manual_seed_all(seed)
    np.random.seed(seed)
    random.seed(seed)


@alternative("seed_everything")
def in_a_loop(seed):
    for seeder in (random.seed, np.random.seed, torch.random.manual_seed):
        seeder(seed)


# worker_init


@mistake(
    "worker_init", kind="randomness",
    en="worker_id is the seed, so every epoch and every run draws the same numbers.",
    vi="worker_id được dùng làm seed, nên mọi epoch và mọi lần chạy đều có cùng các số.",
    hint_en="torch.initial_seed() is another one in each epoch.",
    hint_vi="torch.initial_seed() khác nhau ở mỗi epoch.",
)  # fmt: skip
def seeded_by_the_id(worker_id):
    random.seed(worker_id)
    np.random.seed(worker_id)


@mistake(
    "worker_init", kind="randomness",
    en="torch's seed has more than 32 bits, which NumPy refuses.",
    vi="Seed của torch có hơn 32 bit, NumPy không nhận.",
    hint_en="Take it modulo 2**32.",
    hint_vi="Hãy lấy phần dư cho 2**32.",
)  # fmt: skip
def seed_too_large(worker_id):
    seed = torch.initial_seed()
    random.seed(seed)
    np.random.seed(seed)


@mistake(
    "worker_init", kind="randomness",
    en="Only NumPy is seeded; `random` is not.",
    vi="Chỉ NumPy được đặt seed; `random` thì không.",
)  # fmt: skip
def only_numpy(worker_id):
    np.random.seed(torch.initial_seed() % 2**32)


@mistake(
    "worker_init", kind="randomness",
    en="Only `random` is seeded; NumPy is not.",
    vi="Chỉ `random` được đặt seed; NumPy thì không.",
)  # fmt: skip
def only_random(worker_id):
    random.seed(torch.initial_seed() % 2**32)


@mistake(
    "worker_init", kind="randomness",
    en="torch is seeded again; its generator should stay as it is.",
    vi="torch bị đặt seed lại; bộ sinh số của nó phải giữ nguyên.",
)  # fmt: skip
def torch_seeded_again(worker_id):
    seed = torch.initial_seed() % 2**32
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


@mistake(
    "worker_init", kind="randomness",
    en="worker_id is added to torch's seed, which contains it already.",
    vi="worker_id được cộng vào seed của torch, vốn đã chứa nó.",
)  # fmt: skip
def id_added_again(worker_id):
    seed = (torch.initial_seed() + worker_id) % 2**32
    random.seed(seed)
    np.random.seed(seed)


@alternative("worker_init")
def with_a_mask(worker_id):
    seed = torch.initial_seed() & 0xFFFFFFFF
    np.random.seed(seed)
    random.seed(seed)


@alternative("worker_init")
def from_the_generator(worker_id):
    seed = torch.default_generator.initial_seed() % (1 << 32)
    for seeder in (random.seed, np.random.seed):
        seeder(seed)


# pick_device


@mistake(
    "pick_device", kind="order",
    en="mps comes before cuda.",
    vi="mps được xét trước cuda.",
)  # fmt: skip
def mps_first(prefer=None):
    usable = {"mps": torch.backends.mps.is_available(), "cuda": torch.cuda.is_available(), "cpu": True}
    if prefer is not None and prefer not in usable:
        raise ValueError(prefer)
    if prefer is not None and usable[prefer]:
        return torch.device(prefer)
    return torch.device(next(name for name, here in usable.items() if here))


@mistake(
    "pick_device", kind="device",
    en="The preferred device is returned even when this machine does not have it.",
    vi="Thiết bị mong muốn được trả về ngay cả khi máy này không có.",
)  # fmt: skip
def wish_granted_always(prefer=None):
    if prefer not in (None, "cuda", "mps", "cpu"):
        raise ValueError(prefer)
    if prefer is not None:
        return torch.device(prefer)
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


@mistake(
    "pick_device", kind="device",
    en="When the preferred device is missing the answer is the CPU at once; another GPU may be there.",
    vi="Khi thiếu thiết bị mong muốn, kết quả là CPU ngay; có thể vẫn còn một GPU khác.",
)  # fmt: skip
def cpu_at_once(prefer=None):
    usable = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if prefer is not None and prefer not in usable:
        raise ValueError(prefer)
    if prefer is not None:
        return torch.device(prefer if usable[prefer] else "cpu")
    return torch.device(next(name for name, here in usable.items() if here))


@mistake(
    "pick_device", kind="device",
    en="The wish is not looked at: the best device is always taken.",
    vi="Mong muốn không được xét đến: luôn lấy thiết bị tốt nhất.",
)  # fmt: skip
def wish_ignored(prefer=None):
    if prefer not in (None, "cuda", "mps", "cpu"):
        raise ValueError(prefer)
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


@mistake(
    "pick_device", kind="return",
    en="The result is a text; the item asks for a torch.device.",
    vi="Kết quả là một chuỗi; bài yêu cầu torch.device.",
)  # fmt: skip
def name_returned(prefer=None):
    usable = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if prefer is not None and prefer not in usable:
        raise ValueError(prefer)
    if prefer is not None and usable[prefer]:
        return prefer
    return next(name for name, here in usable.items() if here)


@mistake(
    "pick_device", kind="device",
    en="mps is left out.",
    vi="mps bị bỏ sót.",
)  # fmt: skip
def without_mps(prefer=None):
    if prefer not in (None, "cuda", "mps", "cpu"):
        raise ValueError(prefer)
    if prefer == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda")


@mistake(
    "pick_device", kind="api",
    en="A name that does not exist is passed over in silence.",
    vi="Một tên không tồn tại bị bỏ qua mà không báo gì.",
    hint_en="Raise ValueError for it.",
    hint_vi="Hãy raise ValueError cho nó.",
)  # fmt: skip
def unknown_names_passed_over(prefer=None):
    usable = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    for name in (prefer, *usable):
        if usable.get(name):
            return torch.device(name)


@mistake(
    "pick_device", kind="return",
    en='The result has an index, "cuda:0".',
    vi='Kết quả có chỉ số, "cuda:0".',
)  # fmt: skip
def with_an_index(prefer=None):
    usable = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if prefer is not None and prefer not in usable:
        raise ValueError(prefer)
    name = prefer if prefer and usable[prefer] else next(name for name, here in usable.items() if here)
    return torch.device("cuda:0" if name == "cuda" else name)


@alternative("pick_device")
def with_a_list_of_wishes(prefer=None):
    if prefer not in (None, "cuda", "mps", "cpu"):
        raise ValueError(f"unknown device {prefer}")
    here = []
    if torch.cuda.is_available():
        here.append("cuda")
    if torch.backends.mps.is_available():
        here.append("mps")
    here.append("cpu")
    return torch.device(prefer if prefer in here else here[0])


@alternative("pick_device")
def with_conditions(prefer=None):
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    match prefer:
        case "cpu":
            return torch.device("cpu")
        case "mps" if mps:
            return torch.device("mps")
        case "cuda" | "mps" | None:
            return torch.device("cuda") if cuda else torch.device("mps") if mps else torch.device("cpu")
    raise ValueError("prefer")


# amp_step


@mistake(
    "amp_step", kind="dtype",
    en="No autocast is active: everything is computed in float32.",
    vi="Không có autocast nào hoạt động: mọi thứ được tính bằng float32.",
    hint_en='torch.autocast("cuda", …) does nothing on the CPU: it wants the type of `device`.',
    hint_vi='torch.autocast("cuda", …) không làm gì trên CPU: nó cần loại của `device`.',
)  # fmt: skip
def step_in_float32(model, batch, optimizer, device):
    x, y = (tensor.to(device) for tensor in batch)
    loss = F.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@mistake(
    "amp_step", kind="dtype",
    en="The loss is taken from bfloat16 logits in bfloat16: three digits are left of it.",
    vi="Loss được tính bằng bfloat16 từ logits bfloat16: chỉ còn lại ba chữ số.",
    hint_en="logits.float() before the loss.",
    hint_vi="Dùng logits.float() trước khi tính loss.",
)  # fmt: skip
def loss_in_bfloat16(model, batch, optimizer, device):
    x, y = (tensor.to(device) for tensor in batch)
    with torch.autocast(torch.device(device).type, dtype=torch.bfloat16):
        logits = model(x)
    loss = F.cross_entropy(logits, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@mistake(
    "amp_step", kind="dtype",
    en="The whole model is turned into bfloat16; the weights should stay float32.",
    vi="Cả model bị chuyển sang bfloat16; trọng số phải giữ float32.",
)  # fmt: skip
def whole_model_in_bfloat16(model, batch, optimizer, device):
    x, y = (tensor.to(device) for tensor in batch)
    loss = F.cross_entropy(model.bfloat16()(x.bfloat16()).float(), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@mistake(
    "amp_step", kind="dtype",
    en="autocast runs in float16; the item asks for bfloat16.",
    vi="autocast chạy bằng float16; bài yêu cầu bfloat16.",
)  # fmt: skip
def autocast_to_float16(model, batch, optimizer, device):
    x, y = (tensor.to(device) for tensor in batch)
    with torch.autocast(torch.device(device).type, dtype=torch.float16):
        logits = model(x)
    loss = F.cross_entropy(logits.float(), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@mistake(
    "amp_step", kind="device",
    en="autocast is for a fixed type of device, not for that of `device`.",
    vi="autocast dành cho một loại thiết bị cố định, không phải loại của `device`.",
)  # fmt: skip
def autocast_for_the_cpu(model, batch, optimizer, device):
    x, y = (tensor.to(device) for tensor in batch)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = model(x)
    loss = F.cross_entropy(logits.float(), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@mistake(
    "amp_step", kind="device",
    en="The batch stays where it was; it has to be moved to `device`.",
    vi="Batch ở nguyên chỗ cũ; phải chuyển nó sang `device`.",
)  # fmt: skip
def amp_batch_not_moved(model, batch, optimizer, device):
    x, y = batch
    with torch.autocast(torch.device(device).type, dtype=torch.bfloat16):
        logits = model(x)
    loss = F.cross_entropy(logits.float(), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@mistake(
    "amp_step", kind="device",
    en=".numpy() cannot read the memory of a GPU: the loss has to come to the CPU first.",
    vi=".numpy() không đọc được bộ nhớ của GPU: phải đưa loss về CPU trước.",
    hint_en="loss.item() brings a single number over.",
    hint_vi="loss.item() mang về một con số.",
)  # fmt: skip
def amp_loss_by_numpy(model, batch, optimizer, device):
    x, y = (tensor.to(device) for tensor in batch)
    with torch.autocast(torch.device(device).type, dtype=torch.bfloat16):
        logits = model(x)
    loss = F.cross_entropy(logits.float(), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return float(loss.detach().numpy())


@mistake(
    "amp_step", kind="gradient",
    en="The gradients are not zeroed, so those of earlier steps are added.",
    vi="Gradient không được xóa về 0, nên gradient của các bước trước bị cộng dồn.",
)  # fmt: skip
def amp_without_zero_grad(model, batch, optimizer, device):
    x, y = (tensor.to(device) for tensor in batch)
    with torch.autocast(torch.device(device).type, dtype=torch.bfloat16):
        logits = model(x)
    loss = F.cross_entropy(logits.float(), y)
    loss.backward()
    optimizer.step()
    return loss.item()


@mistake(
    "amp_step", kind="return",
    en="The result is a tensor; the item asks for a Python float.",
    vi="Kết quả là một tensor; bài yêu cầu số float của Python.",
)  # fmt: skip
def amp_loss_as_a_tensor(model, batch, optimizer, device):
    x, y = (tensor.to(device) for tensor in batch)
    with torch.autocast(torch.device(device).type, dtype=torch.bfloat16):
        logits = model(x)
    loss = F.cross_entropy(logits.float(), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


@mistake(
    "amp_step", kind="state",
    en="optimizer.step() is missing: nothing is learned.",
    vi="Thiếu optimizer.step(): model không học được gì.",
)  # fmt: skip
def amp_without_a_step(model, batch, optimizer, device):
    x, y = (tensor.to(device) for tensor in batch)
    with torch.autocast(torch.device(device).type, dtype=torch.bfloat16):
        logits = model(x)
    loss = F.cross_entropy(logits.float(), y)
    optimizer.zero_grad()
    loss.backward()
    return loss.item()


@mistake(
    "amp_step", kind="mode",
    en="model.train() changes the mode; the item leaves it as it is.",
    vi="model.train() đổi chế độ của model; bài yêu cầu giữ nguyên.",
)  # fmt: skip
def amp_in_training_mode(model, batch, optimizer, device):
    x, y = (tensor.to(device) for tensor in batch)
    model.train()
    with torch.autocast(torch.device(device).type, dtype=torch.bfloat16):
        logits = model(x)
    loss = F.cross_entropy(logits.float(), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@alternative("amp_step")
def autocast_by_the_text(model, batch, optimizer, device):
    x, y = (tensor.to(device) for tensor in batch)
    with torch.autocast(str(device), dtype=torch.bfloat16):
        logits = model(x)
    loss = F.cross_entropy(logits.float(), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@alternative("amp_step")
def with_the_loss_under_autocast(model, batch, optimizer, device):
    device = torch.device(device)
    x, y = batch[0].to(device), batch[1].to(device)
    optimizer.zero_grad()
    with torch.amp.autocast(device_type=device.type, dtype=torch.bfloat16):
        loss = F.cross_entropy(model(x).float(), y)
    loss.backward()
    value = loss.item()
    optimizer.step()
    return value


@alternative("amp_step")
def with_log_probabilities(model, batch, optimizer, device):
    x, y = batch[0].to(device), batch[1].to(device)
    kind = device.type if isinstance(device, torch.device) else device.split(":")[0]
    with torch.autocast(kind, torch.bfloat16):
        logits = model(x)
        with torch.autocast(kind, enabled=False):
            logp = torch.log_softmax(logits.to(torch.float32), dim=1)
    loss = -logp.gather(1, y[:, None]).mean()
    optimizer.zero_grad(set_to_none=False)
    loss.backward()
    optimizer.step()
    return float(loss)


# train_classifier


def _digits_model():
    return nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))


def _train_digits(model, batches, optimizer, device):
    model.train()
    for x, y in batches:
        loss = F.cross_entropy(model(x.to(device)), y.to(device))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def _digits_loss(model, batches, device):
    model.eval()
    total, count = 0.0, 0
    with torch.no_grad():
        for x, y in batches:
            total += F.cross_entropy(model(x.to(device)), y.to(device), reduction="sum").item()
            count += len(y)
    return total / count


@mistake(
    "train_classifier", kind="state",
    en="The model of the last epoch comes back, not the one with the lowest loss on val.",
    vi="Model của epoch cuối được trả về, không phải model có loss thấp nhất trên val.",
    hint_en="Is best_state a deep copy, and is it loaded at the end?",
    hint_vi="best_state có phải bản sao sâu không, và cuối cùng có được nạp lại không?",
)  # fmt: skip
def last_classifier(train, val, device, epochs):
    model = _digits_model().to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(epochs):
        _train_digits(model, train, optimizer, device)
        _digits_loss(model, val, device)
    return model.eval()


@mistake(
    "train_classifier", kind="data",
    en="The model is trained on val as well.",
    vi="Model còn được huấn luyện trên cả val.",
)  # fmt: skip
def classifier_trained_on_val(train, val, device, epochs):
    model = _digits_model().to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    best, state = math.inf, None
    for _ in range(epochs):
        _train_digits(model, train, optimizer, device)
        total, count = 0.0, 0
        for x, y in val:
            loss = F.cross_entropy(model(x.to(device)), y.to(device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            count += len(y)
        if total / count < best:
            best, state = total / count, copy.deepcopy(model.state_dict())
    model.load_state_dict(state)
    return model.eval()


@mistake(
    "train_classifier", kind="device",
    en="The batches stay on the CPU.",
    vi="Các batch ở nguyên trên CPU.",
)  # fmt: skip
def batches_not_moved(train, val, device, epochs):
    model = _digits_model().to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    best, state = math.inf, None
    for _ in range(epochs):
        _train_digits(model, train, optimizer, "cpu")
        val_loss = _digits_loss(model, val, "cpu")
        if val_loss < best:
            best, state = val_loss, copy.deepcopy(model.state_dict())
    model.load_state_dict(state)
    return model.eval()


@mistake(
    "train_classifier", kind="device",
    en="The model stays on the CPU.",
    vi="Model ở nguyên trên CPU.",
)  # fmt: skip
def classifier_not_moved(train, val, device, epochs):
    model = _digits_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    best, state = math.inf, None
    for _ in range(epochs):
        _train_digits(model, train, optimizer, device)
        val_loss = _digits_loss(model, val, device)
        if val_loss < best:
            best, state = val_loss, copy.deepcopy(model.state_dict())
    model.load_state_dict(state)
    return model.eval()


@mistake(
    "train_classifier", kind="device",
    en="The optimizer is built before the model moves: what it made for each weight stays on the CPU.",
    vi="Optimizer được tạo trước khi chuyển model: những gì nó tạo cho từng trọng số ở lại trên CPU.",
    hint_en="First model.to(device), then the optimizer.",
    hint_vi="Trước hết model.to(device), sau đó mới tạo optimizer.",
)  # fmt: skip
def optimizer_before_the_move(train, val, device, epochs):
    model = _digits_model()
    optimizer = torch.optim.Adagrad(model.parameters(), lr=0.02)
    model.to(device)
    best, state = math.inf, None
    for _ in range(epochs):
        _train_digits(model, train, optimizer, device)
        val_loss = _digits_loss(model, val, device)
        if val_loss < best:
            best, state = val_loss, copy.deepcopy(model.state_dict())
    model.load_state_dict(state)
    return model.eval()


@mistake(
    "train_classifier", kind="device",
    en='"cuda" stands in the code: it takes the first GPU of the machine, whatever `device` says.',
    vi='Trong mã ghi sẵn "cuda": nó dùng GPU đầu tiên của máy, bất kể `device` là gì.',
)  # fmt: skip
def classifier_on_any_gpu(train, val, device, epochs):
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = _digits_model().to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    best, state = math.inf, None
    for _ in range(epochs):
        _train_digits(model, train, optimizer, device)
        val_loss = _digits_loss(model, val, device)
        if val_loss < best:
            best, state = val_loss, copy.deepcopy(model.state_dict())
    model.load_state_dict(state)
    return model.eval()


@mistake(
    "train_classifier", kind="mode",
    en="The model comes back in training mode.",
    vi="Model được trả về trong chế độ huấn luyện.",
)  # fmt: skip
def classifier_in_training_mode(train, val, device, epochs):
    model = _digits_model().to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    best, state = math.inf, None
    for _ in range(epochs):
        _train_digits(model, train, optimizer, device)
        val_loss = _digits_loss(model, val, device)
        if val_loss < best:
            best, state = val_loss, copy.deepcopy(model.state_dict())
    model.load_state_dict(state)
    return model.train()


@mistake(
    "train_classifier", kind="data",
    en="The number of walks through train is not `epochs`.",
    vi="Số lần duyệt train không bằng `epochs`.",
)  # fmt: skip
def one_epoch_too_many(train, val, device, epochs):
    model = _digits_model().to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    best, state = math.inf, None
    for _ in range(epochs + 1):
        _train_digits(model, train, optimizer, device)
        val_loss = _digits_loss(model, val, device)
        if val_loss < best:
            best, state = val_loss, copy.deepcopy(model.state_dict())
    model.load_state_dict(state)
    return model.eval()


@mistake(
    "train_classifier", kind="return",
    en="The history comes back; the item asks for the model.",
    vi="Kết quả là lịch sử huấn luyện; bài yêu cầu model.",
)  # fmt: skip
def history_returned(train, val, device, epochs):
    model = _digits_model().to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    history = []
    for _ in range(epochs):
        _train_digits(model, train, optimizer, device)
        history.append(_digits_loss(model, val, device))
    return history


@alternative("train_classifier")
def with_sgd_and_momentum(train, val, device, epochs):
    model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10)).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    best, winner = math.inf, None
    for _ in range(epochs):
        _train_digits(model, train, optimizer, device)
        val_loss = _digits_loss(model, val, device)
        if val_loss < best:
            best, winner = val_loss, copy.deepcopy(model)
    return winner


@alternative("train_classifier")
def with_dropout_and_batch_norm(train, val, device, epochs):
    model = nn.Sequential(
        nn.Linear(784, 128, device=device), nn.BatchNorm1d(128, device=device), nn.ReLU(), nn.Dropout(0.1),
        nn.Linear(128, 10, device=device),
    )  # fmt: skip
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    loss_fn, best = nn.CrossEntropyLoss(), (math.inf, model.state_dict())
    for _ in range(epochs):
        model.train()
        for batch in train:
            x, y = to_device(batch, device)  # noqa: F821
            optimizer.zero_grad()
            loss_fn(model(x), y).backward()
            optimizer.step()
        val_loss = _digits_loss(model, val, device)
        if val_loss < best[0]:
            best = val_loss, {name: value.clone() for name, value in model.state_dict().items()}
    model.load_state_dict(best[1])
    model.eval()
    return model
